/*
 * attempt.h - one attempt for one entry of the queue
 *
 * attempt_entry() opens the entry, calls attempt_send(), records the outcomes,
 * and then defers, bounces or removes the entry or moves it to failed/, in the
 * order that queue/entry.h requires.  Errors are logged and kept in the
 * worker; the worker can continue with other entries.
 */
#ifndef RUNNER_ATTEMPT_H
#define RUNNER_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "queue/entry.h"
#include "queue/id.h"
#include "queue/retry.h"
#include "relay/relay.h"
#include "runner/backoff.h"
#include "smtp/session_log.h"
#include "submit/local_names.h"
#include "util/log.h"

/*
 * Entries to try, by the time of the next attempt.  No entry that is held or
 * collected is tried.
 */
enum attempt_when {
	ATTEMPT_WHEN_DUE,	/* if the time is reached */
	ATTEMPT_WHEN_SAFE,	/* if the time is reached, or the last attempt
				 * cannot have delivered the message */
	ATTEMPT_WHEN_ANY,	/* at any time */
};

/* Entries to try; an entry must match each member that is not NULL. */
struct attempt_choice {
	enum attempt_when when;
	const char	*id;
	const char	*recipient;	/* part of a waiting forward-path, in
					 * any case */
	const char	*sender;	/* part of the reverse-path, too */
};

enum attempt_result {
	ATTEMPT_DELIVERED,	/* to all; the entry is removed */
	ATTEMPT_DEFERRED,	/* or still collected for a digest, although
				 * all entries are to be tried */
	ATTEMPT_FAILED,		/* bounced, or moved to failed/ */
	ATTEMPT_SKIPPED,	/* removed, or not chosen any more */
	ATTEMPT_HELD,		/* or collected for a digest */
	ATTEMPT_DOUBTFUL,	/* the last attempt may have delivered it; too
				 * early for ATTEMPT_WHEN_SAFE */
	ATTEMPT_LOCKED,		/* another process has the lock */
	ATTEMPT_BAD,		/* not a valid entry; moved to failed/ */
	ATTEMPT_ERROR,		/* a disk error; the entry is unchanged */
	ATTEMPT_LEFT,		/* unchanged, because may_leave() agreed */
	ATTEMPT_PACED,		/* it waits its turn (submit/pace.h), or for a
				 * connection (relay/seats.h) */
	ATTEMPT_RESULTS
};

enum {
	/* Notices of an attempt: one about delivered and one about other
	 * forward-paths. */
	ATTEMPT_NOTICES_MAX = 2,
};

struct attempt;

/* One smarthost session after another.  All pointers are borrowed. */
struct attempt_worker {
	const struct config	*config;
	const struct identity	*me;
	const struct log	*log;
	struct spool		*spool;
	const struct attempt_choice	*choice;
	struct relay		 relay;		/* attempt_worker_begin() */
	struct local_names	 names;		/* for bounces; the same */
	struct retry_schedule	 schedule;	/* the same */
	struct session_log	 dialogue;	/* of the last attempt; the
						 * same */

	/*
	 * Called if the smarthost cannot be reached, before the entry records
	 * this.  If it returns true, the entry is left to other workers.  NULL:
	 * no entry is left.
	 */
	bool		       (*may_leave)(void *);

	/*
	 * next() is called while a message is being sent.  It returns the name
	 * of the entry for which attempt_entry() will be called next, or NULL.
	 * The envelope of that entry may be sent with the end of the message.
	 *
	 * next_late() is called if the reply to the message is late: the next
	 * entry has been closed, and another worker can send it.
	 *
	 * If next is NULL, no envelope is sent ahead.
	 */
	const char	       *(*next)(void *);
	void		       (*next_late)(void *);
	void			*context;
	struct backoff		 backoff;	/* without a spool, none */
	bool			*sending;	/* set before the message is
						 * sent to a server; or NULL */
	char			 error[512];	/* the last one, or "" */
	char			 given_up[512];	/* why the last entry that
						 * failed or was invalid was
						 * given up, or "" */
	bool			 delivered;	/* any message but bounces, to
						 * any recipient */
	int64_t			 turn_us;	/* ATTEMPT_PACED: when to ask
						 * again, since the epoch; 0:
						 * its turn is later */

	/* Private. */
	struct attempt		*ahead;		/* owned; of the next entry, or
						 * NULL */
	char			 notice[2 * ATTEMPT_NOTICES_MAX][ID_SIZE];
	size_t			 n_notices;	/* to be sent */
};

/*
 * Set the other members first; *me must remain until attempt_worker_end(), and
 * the worker in its place.
 */
void	attempt_worker_begin(struct attempt_worker *,
	    const struct session_trace *);

/*
 * Makes an attempt for an entry in queue/, and for its bounce if it fails; if
 * the envelope of the next entry has been sent, the bounce follows that entry.
 */
enum attempt_result attempt_entry(struct attempt_worker *, const char *name);

/* The user who submitted an entry, whose settings apply to it; or NULL. */
char	*attempt_user(const struct attempt_worker *, const struct entry *);

/*
 * Sends the message of an open entry with the settings for its sender and
 * user, as relay_send() does, and changes neither the entry nor its file.  The
 * entry need not be in the queue.  The callbacks may be NULL.
 */
void	attempt_send(struct attempt_worker *, const struct entry *,
	    const struct relay_callbacks *, struct outcome *);

/*
 * Sets the time of the next attempt for an entry whose worker process crashed,
 * and records the reason.  If it was sending, the message may have been
 * delivered.  At the end of queue_lifetime, the entry is moved to failed/.
 */
enum attempt_result attempt_postpone(struct attempt_worker *,
	    const char *name, const char *reason, bool sending);

void	attempt_worker_end(struct attempt_worker *);

#endif
