/*
 * backoff.h - one attempt at a time for a smarthost that refuses the login
 *
 * If a smarthost refuses the credentials, fails to prove its identity, or is
 * configured wrongly, each entry would make the same attempt in vain, and a
 * server may ban an address after a few refused logins.  So only one attempt
 * for each step of the retry schedule is made for the smarthost, not for each
 * entry; in between, entries are deferred for the reason of the last attempt.
 * A queue run on request makes one attempt at once.
 *
 * The facts are in the state of the spool (queue/spool_state.h).  The time of
 * the next attempt is written before an attempt is made, so that neither a
 * crash nor another queue run causes additional attempts.  Until a login has
 * succeeded in this queue run, only one of its workers makes an attempt.
 */
#ifndef RUNNER_BACKOFF_H
#define RUNNER_BACKOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/retry.h"
#include "queue/spool.h"
#include "relay/relay.h"
#include "util/failure.h"

/* Of a queue run, in memory that its workers share.  Zeroed at first. */
struct backoff_shared;

size_t	backoff_shared_size(void);

/* Of a worker.  All pointers are borrowed. */
struct backoff {
	struct spool		*spool;
	struct backoff_shared	*shared;	/* NULL: no queue run */
	int			 lock;		/* a file; -1: none */
	const struct retry_schedule	*schedule;
	bool			 when_due;	/* keeps to the schedule */
	bool			 lasting;	/* the last attempt failed for
						 * a reason that will last */
	bool			 locked;
};

/* The callbacks of struct relay_callbacks; the context is a struct backoff. */
bool	backoff_before_connect(struct backoff *, const struct relay_login *,
	    struct failure *why);
void	backoff_after_connect(struct backoff *, const struct relay_login *,
	    enum connection_trouble, const struct failure *why);

#endif
