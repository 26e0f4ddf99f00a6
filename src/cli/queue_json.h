/*
 * queue_json.h - print entries of the queue as JSON, as postqueue -j does
 *
 * Each entry is a line with an object.  Its first members are those of
 * Postfix's postqueue(1), in the same order and spacing, for programs that
 * parse the queue of Postfix; the members of relais follow.  Times are seconds
 * since the epoch.
 */
#ifndef CLI_QUEUE_JSON_H
#define CLI_QUEUE_JSON_H

#include <stdbool.h>

#include "cli/queue_source.h"
#include "queue/entry.h"
#include "util/failure.h"

/*
 * Prints the entries, each with the recipients that have not received the
 * message.  Returns false, with why, if they cannot be read.
 */
bool	queue_json_list(struct queue_source *, enum queue_source_part,
	    struct failure *why);

/* Prints one entry with all of its recipients and its transcript. */
void	queue_json_show(const struct entry *);

#endif
