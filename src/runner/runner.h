/*
 * runner.h - one queue run
 *
 * Each chosen entry that is in the queue at the start gets one attempt.  Worker
 * processes make the attempts, so that an entry that crashes its worker does
 * not stop the others.  There is one worker with one connection, or as many as
 * `connections` allows if there are enough entries.  A worker takes the next
 * entry after it finishes one, so a slow entry delays only its own worker.
 *
 * Before the workers are started, collected messages that are due are replaced
 * by digests (runner/collect.h).
 *
 * If the smarthost has refused the login and now accepts it, or if the
 * configuration was changed after the refusal, all entries are chosen
 * (submit/login_backoff.h).
 *
 * A queue run on schedule also renews logins that have not been used
 * (runner/idle_login.h).
 *
 * A worker that cannot connect leaves its entry to workers with a connection.
 * The last worker records the reason in all remaining entries.
 *
 * An entry that must wait its turn (the key pace) is sent by the same queue run
 * if it was due at the start and the turn comes in time (runner/turn_list.h).
 *
 * SIGTERM and SIGINT end the queue run after the current messages, and are
 * raised again after the outcomes are recorded.  A second SIGTERM or
 * SIGINT ends the workers at once.  Other signals that would end the process
 * act as the first SIGTERM does, unless the caller has blocked them.
 */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/identity.h"
#include "queue/spool.h"
#include "runner/attempt.h"
#include "smtp/session.h"
#include "util/failure.h"
#include "util/log.h"

struct runner_totals {
	size_t	entries;	/* in this queue run */
	size_t	result[ATTEMPT_RESULTS];	/* so far */
	bool	stopped;		/* by a signal */
	char	error[512];		/* the last one, or "" */
};

/* All pointers are borrowed. */
struct runner {
	const struct config	*config;
	const struct identity	*me;
	const struct log	*log;
	const struct session_trace	*trace;		/* or NULL */
	struct spool		*spool;
	struct attempt_choice	 choice;
	size_t			 connections;	/* at most; 0: as configured */
	const int		*seats;		/* a file that the service
						 * shares, for relay/seats.h;
						 * or NULL */
	int64_t			 patience_ms;	/* to wait for the turns of
						 * entries that pace holds */

	/* Called several times a second during the queue run; or NULL. */
	void	(*progress)(void *context, const struct runner_totals *);
	void	*context;
};

/* The number of entries with a result. */
size_t	runner_done(const struct runner_totals *);

/*
 * Returns false if the queue cannot be listed or no worker can be started.
 * The totals and the spool's health record the results of the entries.
 */
bool	runner_run_queue(const struct runner *, struct runner_totals *,
	    struct failure *why);

#endif
