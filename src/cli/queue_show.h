/*
 * queue_show.h - print entries of the queue, as text or JSON
 */
#ifndef CLI_QUEUE_SHOW_H
#define CLI_QUEUE_SHOW_H

#include <stdbool.h>

#include "queue/entry.h"
#include "queue/spool.h"
#include "util/failure.h"

/* The envelope and state, then the message; safe for a terminal. */
bool	queue_show(const struct entry *, struct failure *why);

/* The same without the message, as one line. */
void	queue_show_json(const struct entry *);

/* The entries in queue/ and failed/ as an array; NULL for no spool. */
bool	queue_show_list_json(struct spool *, struct failure *why);

/* The number of entries in failed/, if there are any. */
bool	queue_show_failed_count(struct spool *, struct failure *why);

#endif
