/*
 * attempt.h - one attempt for one entry of the queue
 *
 * Makes the attempt, records its outcomes, then reschedules, bounces, moves to
 * failed/ or removes the entry, in the order that queue/entry.h requires.
 * Errors are logged and kept in the worker, and do not stop other entries.
 */
#ifndef RUNNER_ATTEMPT_H
#define RUNNER_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "queue/entry.h"
#include "relay/relay.h"
#include "submit/local_names.h"
#include "util/log.h"

/* Which entries by their time; held ones are never chosen. */
enum attempt_when {
	ATTEMPT_WHEN_DUE,	/* the time of the next attempt is reached */
	ATTEMPT_WHEN_SAFE,	/* all except those whose last attempt may have
				 * delivered the message and is less than an
				 * hour old */
	ATTEMPT_WHEN_ANY,
};

/* Which entries; all that is set must be true of an entry. */
struct attempt_choice {
	enum attempt_when when;
	const char	*id;		/* this one, or NULL */
	const char	*recipient;	/* waiting for an address with this
					 * text in it, or NULL */
	const char	*sender;	/* likewise */
};

enum attempt_result {
	ATTEMPT_DELIVERED,	/* to all; the entry is removed */
	ATTEMPT_DEFERRED,
	ATTEMPT_FAILED,		/* bounced, or moved to failed/ */
	ATTEMPT_SKIPPED,	/* held, not chosen, no longer due, or gone */
	ATTEMPT_LOCKED,		/* another process has the lock */
	ATTEMPT_BAD,		/* not a valid entry; moved to failed/ */
	ATTEMPT_ERROR,		/* a disk error; the entry is unchanged */
	ATTEMPT_LEFT,		/* to other workers, as may_leave returned */
	ATTEMPT_RESULTS
};

struct attempt_worker {
	const struct config	*config;	/* borrowed, like all here */
	const struct identity	*me;
	const struct log	*log;
	struct spool		*spool;
	const struct attempt_choice	*choice;
	struct relay		 relay;		/* see attempt_worker_begin() */
	struct local_names	 names;		/* likewise; for bounces */

	/*
	 * Asked when the smarthost can't be reached, before the entry takes
	 * note of it: shall it be left to other workers?  NULL: no.
	 */
	bool		       (*may_leave)(void *);
	void			*context;
	bool			*sending;	/* NULL, or where to say that a
						 * server may get the message
						 * from now on */
	char			 error[512];	/* the last one, or "" */
	bool			 delivered;	/* to any forward-path; bounces
						 * do not count */
};

/* After what the caller fills in; *identity is kept for the relay. */
void	attempt_worker_begin(struct attempt_worker *,
	    const struct session_trace *);

enum attempt_result attempt_entry(struct attempt_worker *, const char *name);

/*
 * For an entry whose worker died of it: the next attempt at the usual time,
 * and the reason.  If it was sending, the message may have arrived.
 */
void	attempt_postpone(struct attempt_worker *, const char *name,
	    const char *reason, bool sending);

void	attempt_worker_end(struct attempt_worker *);

#endif
