/*
 * turn.h - when the next message may be sent to a smarthost: the key pace
 *
 * A rate of 30 in a minute allows a burst of a tenth, 3 messages, after a quiet
 * time.  Further messages take turns, which come at an even interval.  The
 * interval is a little longer than a thirtieth of a minute, so that no minute
 * has more than 30 messages, even with the burst.
 *
 * The record of the login (spool_state.h) has two times: of the messages that
 * were sent, which keeps the rate, and of the last turn that was promised to a
 * message in the queue, so that new messages do not pass those that wait.
 * A promise is not longer than an hour, and nothing depends on its being kept:
 * a message that comes too late, or never, delays no other message.
 *
 * The clock can be set at any time.  If it is set back, a turn is at most one
 * interval away.  If it is set forward, one more burst is sent.
 */
#ifndef QUEUE_TURN_H
#define QUEUE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/spool_state.h"

enum { TURN_AHEAD_S = 60 * 60 };	/* the longest promise */

/* In microseconds. */
struct turn_rate {
	int64_t	interval;
	int64_t	burst;		/* (messages in a burst - 1) * interval */
};

enum turn_kind {
	TURN_NEW,	/* a message that is not in the queue: if it cannot be
			 * sent now, a turn is promised to it */
	TURN_DUE,	/* a message in the queue whose turn has come */
	TURN_EARLY,	/* a message in the queue that can wait longer */
};

/* Sets a rate of count messages in the period; count is at least 1. */
void	turn_rate_set(struct turn_rate *, uint64_t count, int64_t period_ms);

/*
 * Returns whether a message may be sent now, and counts it.  Otherwise, sets
 * *at to the time at which it should ask again.  Times are microseconds since
 * the epoch.
 */
bool	turn_take(struct spool_state_host *, const struct turn_rate *,
	    int64_t now, enum turn_kind, int64_t *at);

#endif
