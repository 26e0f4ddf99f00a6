/*
 * queue_show.h - print entries of the queue, as text or JSON
 */
#ifndef CLI_QUEUE_SHOW_H
#define CLI_QUEUE_SHOW_H

#include <stdbool.h>

#include "queue/entry.h"
#include "queue/spool.h"
#include "util/failure.h"

/*
 * Prints the envelope and the state of an entry, then its message, safe for a
 * terminal.  Returns false, with why, if the message cannot be read.
 */
bool	queue_show(const struct entry *, struct failure *why);

/* Prints the envelope and the state as one line of JSON. */
void	queue_show_json(const struct entry *);

/*
 * Prints the entries in queue/ and failed/ as a JSON array; it is empty if the
 * spool is NULL.  Returns false, with why, if a directory cannot be read.
 */
bool	queue_show_list_json(struct spool *, struct failure *why);

/*
 * Prints the number of entries in failed/ unless it is zero.  Returns false,
 * with why, if the directory cannot be read.
 */
bool	queue_show_failed_count(struct spool *, struct failure *why);

#endif
