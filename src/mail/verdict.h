/*
 * verdict.h - what became of a message as a whole, and in whose words
 */
#ifndef MAIL_VERDICT_H
#define MAIL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "mail/outcome.h"

/*
 * The outcome that decides: the first that failed, else the first deferred
 * one; NULL if all were delivered.  queued: what is deferred is in the queue,
 * and no trouble.
 */
const struct outcome *verdict_worst(const struct outcome *, size_t n,
	    bool queued);

/*
 * Calls tell() with "not sent to a@example.org and 2 more: ..." for each
 * different text among the troubles, in the order of the paths, safe for a
 * terminal.  In n log n.
 */
void	verdict_tell(const struct envelope *, const struct outcome *,
	    bool queued, void (*tell)(void *context, const struct outcome *,
	    const char *line), void *context);

#endif
