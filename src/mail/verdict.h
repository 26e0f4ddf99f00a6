/*
 * verdict.h - what became of a message as a whole, and in whose words
 */
#ifndef MAIL_VERDICT_H
#define MAIL_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "mail/outcome.h"
#include "util/buffer.h"

/*
 * The outcome that decides: the first that failed, else the first deferred
 * one; NULL if all were delivered.  queued: what is deferred is in the queue,
 * and no trouble.
 */
const struct outcome *verdict_worst(const struct outcome *, size_t n,
	    bool queued);

/*
 * A line "not sent to a@example.org and 2 more: ..." for each different text
 * among the troubles, in the order of the paths, safe for a terminal.  At
 * most max lines (0: any number); what is left out is counted in a last one.
 */
void	verdict_write(struct buffer *, const struct envelope *,
	    const struct outcome *, bool queued, size_t max);

#endif
