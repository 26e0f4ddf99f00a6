/*
 * clock.h - time for deadlines, and the time of day
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>

/* Milliseconds of the monotonic clock; only differences are meaningful. */
int64_t	clock_ms(void);

/*
 * Seconds since 1970, as time(3); -1 on failure.  time(3) itself is not used:
 * at each start, libc would search the vDSO for it (1,300 instructions).
 */
int64_t	clock_now(void);

#endif
