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
 * Which of several outcomes decides: that with the highest rank, the first of
 * them if there are several.  A deferred forward-path that nobody keeps comes
 * first because it has to be tried again; then a failure for another reason
 * than the recipient, because it is more than "a recipient was refused"; then
 * a refused recipient.  queued: the queue holds deferred forward-paths, so
 * they are no trouble.
 */
enum verdict_rank {
	VERDICT_DELIVERED,
	VERDICT_QUEUED,
	VERDICT_WAITING,	/* this and all that follow are trouble */
	VERDICT_NO_USER,
	VERDICT_FAILED,
	VERDICT_DEFERRED,
};

enum verdict_rank verdict_rank(const struct outcome *, bool queued);

/* The outcome that decides, NULL if none is in trouble. */
const struct outcome *verdict_worst(const struct outcome *, size_t n,
	    bool queued);

/*
 * The exit status for all of them: EX_OK without trouble, EX_TEMPFAIL if some
 * failed and others have to be tried again, else that of the worst.
 */
int	verdict_status(const struct outcome *, size_t n, bool queued);

/*
 * Calls tell() with "not sent to a@example.org and 2 more: ..." for each
 * different text among the troubles, in the order of the paths, safe for a
 * terminal.  In n log n.
 */
void	verdict_tell(const struct envelope *, const struct outcome *,
	    bool queued, void (*tell)(void *context, const struct outcome *,
	    const char *line), void *context);

#endif
