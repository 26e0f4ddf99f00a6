/*
 * retry.h - the retry schedule of deferred entries
 *
 * An entry is tried again after the delays of a schedule, of which the last one
 * repeats, until its lifetime has passed.  Each delay is extended by up to an
 * eighth, so that many entries that were deferred together are not tried
 * together.  If the server may already have accepted the message, the delay is
 * at least an hour.
 */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RETRY_DELAYS_MAX = 16 };

struct retry_schedule {
	int64_t	delay[RETRY_DELAYS_MAX];	/* seconds */
	size_t	n;				/* at least 1 */
};

/* Seconds until the next attempt, after the given number of attempts. */
int64_t	retry_delay(const struct retry_schedule *, unsigned attempts,
	    bool in_doubt, uint32_t random);

/*
 * The time of the next attempt.  All times are seconds since the epoch.  The
 * last attempt is made at the end of the lifetime, not after it.
 */
int64_t	retry_next(int64_t now, int64_t arrived, int64_t lifetime,
	    int64_t delay);

/*
 * Whether an attempt is due.  If the time of the next attempt is further in the
 * future than any delay, the clock was set back, and the attempt is due.
 */
bool	retry_is_due(const struct retry_schedule *, int64_t now, int64_t next);

/*
 * Whether this attempt is the last one.  The lifetime must have passed, and a
 * server must have been asked in at least five attempts, because the clock may
 * have been wrong on arrival, or the smarthost unreachable until now.  An
 * arrival time in the future is treated as now.
 */
bool	retry_is_over(int64_t now, int64_t arrived, int64_t lifetime,
	    unsigned asked);

#endif
