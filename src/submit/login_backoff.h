/*
 * login_backoff.h - one attempt at a time if a smarthost refuses the login
 *
 * If a smarthost refuses the credentials, fails to prove its identity, or is
 * configured wrongly, each message would make the same attempt in vain, and a
 * server may ban an address after a few refused logins.  So only one attempt
 * for each step of the retry schedule is made for the smarthost, by new
 * messages and queue runs together; in between, messages are deferred for the
 * reason of the last attempt.  One more attempt is made after the configuration
 * or a password file was changed.  Attempts that are in progress when the first
 * refusal is recorded are not prevented: before it, no lock is taken.
 *
 * The facts are in the state of the spool (queue/spool_state.h).  The time of
 * the next attempt is written before an attempt is made, so that neither a
 * crash nor another process causes additional attempts.
 */
#ifndef SUBMIT_LOGIN_BACKOFF_H
#define SUBMIT_LOGIN_BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "mail/outcome.h"
#include "queue/spool.h"
#include "relay/relay.h"
#include "util/failure.h"

/* All pointers are borrowed. */
struct login_backoff {
	struct spool		*spool;
	const struct config	*config;
	bool			 at_once;	/* disregards the schedule */
};

/*
 * Whether an attempt may be made now; otherwise, why has the reason of the last
 * one.  *in_trouble: it failed for a reason that will last.
 */
bool	login_backoff_claim(const struct login_backoff *,
	    const struct relay_login *, bool *in_trouble, struct failure *why);

/*
 * Records the result of an attempt: an open session, or a failure with its
 * reason.  A failure that does not last is not recorded.
 */
void	login_backoff_record(const struct login_backoff *,
	    const struct relay_login *, enum connection_trouble,
	    const struct failure *why);

/* Whether a failure lasts until the administrator corrects its cause. */
bool	login_backoff_lasts(enum connection_trouble);

/*
 * Whether the configuration, not the message, is the cause of a failure: the
 * message can be sent when it has been corrected.
 */
bool	login_backoff_excuses(const struct outcome *);

/*
 * Whether messages can be tried before their next attempt is due, because a
 * login has succeeded, or the configuration was changed, after the last login
 * that was refused.
 */
bool	login_backoff_is_over(const struct spool *, const struct config *);

/*
 * The same, for a queue run, which then tries all messages: the next call
 * returns false.
 */
bool	login_backoff_end(struct spool *, const struct config *, int64_t now);

#endif
