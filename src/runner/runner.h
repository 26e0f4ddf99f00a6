/*
 * runner.h - one pass over the queue
 *
 * Every entry that was there when the pass began and is chosen gets one
 * attempt.  The work is done by processes of its own, so that an entry that
 * kills its worker stops no other: one with one connection, or as many as
 * `connections` allows where there is enough to do.  Each takes the next entry
 * when it is done with one, so a slow one holds up nobody else.
 *
 * A worker whose connection is refused leaves its entry to those that have
 * one; the last one left notes the reason at all that remain.
 *
 * SIGTERM and SIGINT end a pass after the messages in hand, and are raised
 * anew when all is written down; a second one does not wait for the messages.
 * Others that would end the process do the same, if the caller has not blocked
 * them, but never cut off a message.
 */
#ifndef RUNNER_RUNNER_H
#define RUNNER_RUNNER_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/identity.h"
#include "queue/spool.h"
#include "runner/attempt.h"
#include "smtp/session.h"
#include "util/failure.h"
#include "util/log.h"

struct runner_totals {
	size_t	entries;		/* to be worked on in this pass */
	size_t	result[ATTEMPT_RESULTS];	/* of those done */
	bool	stopped;		/* by a signal */
	char	error[512];		/* the last one, or "" */
};

/* All borrowed. */
struct runner {
	const struct config	*config;
	const struct identity	*me;
	const struct log	*log;
	const struct trace	*trace;		/* or NULL */
	struct spool		*spool;
	struct choice		 choice;

	/* Called now and then while the pass goes on; NULL: never. */
	void		       (*progress)(void *, const struct runner_totals *);
	void			*context;
};

size_t	runner_done(const struct runner_totals *);	/* of .entries */

/*
 * False only if the queue can't be listed, or no process be made.  What
 * became of the entries is in the totals, and noted in the spool's health.
 */
bool	runner_pass(const struct runner *, struct runner_totals *,
	    struct failure *why);

#endif
