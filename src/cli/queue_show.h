/*
 * queue_show.h - print entries of the queue, as text or JSON
 */
#ifndef CLI_QUEUE_SHOW_H
#define CLI_QUEUE_SHOW_H

#include <stdbool.h>

#include "cli/queue_source.h"
#include "queue/entry.h"
#include "util/failure.h"

/*
 * Prints the envelope and the state of an entry, then its message, safe for a
 * terminal.  Returns false, with why, if the message cannot be read.
 */
bool	queue_show(const struct entry *, struct failure *why);

/* Prints the envelope and the state as one line of JSON. */
void	queue_show_json(const struct entry *);

/*
 * Prints the entries as a JSON array.  Returns false, with why, if they cannot
 * be read.
 */
bool	queue_show_list_json(struct queue_source *, enum queue_source_part,
	    struct failure *why);

#endif
