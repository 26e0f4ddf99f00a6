/*
 * queue_show.h - print an entry of the queue and its message
 */
#ifndef CLI_QUEUE_SHOW_H
#define CLI_QUEUE_SHOW_H

#include <stdbool.h>

#include "queue/entry.h"
#include "util/failure.h"

/*
 * Prints the envelope and the state of an entry, then its message, safe for a
 * terminal.  Returns false, with why, if the message cannot be read.
 */
bool	queue_show(const struct entry *, struct failure *why);

#endif
