/*
 * pace.h - defer recipients whose smarthost has reached its rate of messages
 *
 * For the key pace.  Before an attempt is made, each route of the message takes
 * a turn (queue/turn.h).  If it has to wait for one, its forward-paths are
 * deferred, and the entry waits in the queue until then.  The rate belongs to
 * the login at the first smarthost of the route.
 *
 * Messages are never refused or kept back for lack of a record: without a
 * queue, or if its file cannot be written, the attempt is made at once, and the
 * log says so.
 */
#ifndef SUBMIT_PACE_H
#define SUBMIT_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "mail/envelope.h"
#include "mail/outcome.h"
#include "queue/spool.h"
#include "queue/turn.h"
#include "relay/relay.h"
#include "util/failure.h"
#include "util/log.h"

/* All pointers are borrowed. */
struct pace {
	const struct config	*config;
	const char		*user;		/* who submitted the message */
	struct spool		*spool;		/* NULL: none */
	const struct failure	*no_spool;	/* why there is none */
	const struct log	*log;
	enum turn_kind		 kind;
	const struct relay	*relay;		/* which will make the attempt;
						 * or NULL */

	size_t			 held;		/* result: the number of
						 * forward-paths that wait */
	int64_t			 until_us;	/* result: not before this time,
						 * since the epoch */
};

/* The time of day, for turns. */
int64_t	pace_now_us(void);

/* Whether any section sets the key: without it, nothing else is done. */
bool	pace_is_set(const struct config *);

/*
 * Sets the outcome of each forward-path that has to wait from OUTCOME_WAITING
 * to OUTCOME_DEFERRED, with .paced.
 */
void	pace_hold(struct pace *, const struct envelope *, struct outcome *);

/* Whether an entry with this reason waits for a turn. */
bool	pace_is_reason(const char *);

/*
 * The next attempt for an entry, in seconds since the epoch: less than a second
 * too early, so that a queue run does not skip an entry whose turn has come.
 */
int64_t	pace_next(const struct pace *);

#endif
