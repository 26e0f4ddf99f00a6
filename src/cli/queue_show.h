/*
 * queue_show.h - one entry of the queue, or all, for people and programs
 */
#ifndef CLI_QUEUE_SHOW_H
#define CLI_QUEUE_SHOW_H

#include <stdbool.h>

#include "queue/entry.h"
#include "queue/spool.h"
#include "util/failure.h"

/* All that is known of it, then the message; nothing can harm a terminal. */
bool	queue_show(const struct entry *, struct failure *why);

/* The same without the message, as one line. */
void	queue_show_json(const struct entry *);

/* Queue and failed, as an array; NULL: there is no spool. */
bool	queue_show_list_json(struct spool *, struct failure *why);

/* A line, if there is anything in failed/. */
bool	queue_show_failed_count(struct spool *, struct failure *why);

#endif
