/*
 * retry.h - when a deferred entry is tried again
 *
 * After 1, 5, 15 and 30 minutes, then every hour, until its lifetime is over.
 * Each delay is lengthened by up to an eighth, so that a thousand entries
 * deferred together do not come back together.  Where the server may have
 * taken the message already, an hour passes first: it shall have the time to
 * answer a duplicate with what it remembers.
 */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/* Seconds until the next attempt, after so many were made; any random bits. */
int64_t	retry_delay(unsigned attempts, bool in_doubt, uint32_t random);

/*
 * The time of the next attempt, seconds since the epoch like all of these.
 * The last one is made when the lifetime ends, not after it.
 */
int64_t	retry_next(int64_t now, int64_t arrived, int64_t lifetime,
	    unsigned attempts, bool in_doubt, uint32_t random);

/*
 * An attempt is to be made now.  A time further away than any delay is not
 * the one that was meant: the clock was set back, perhaps by years.
 */
bool	retry_is_due(int64_t now, int64_t next);

/*
 * No further attempt is to be made after this one.  The time alone does not
 * decide: the clock may have been wrong on arrival, and the smarthost may have
 * been away until now, so a server must have been asked in at least five
 * attempts.  An arrival in the future is one now.
 */
bool	retry_is_over(int64_t now, int64_t arrived, int64_t lifetime,
	    unsigned asked);

#endif
