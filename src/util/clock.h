/*
 * clock.h - time for deadlines
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>

/* Milliseconds of the monotonic clock; only differences are meaningful. */
int64_t	clock_ms(void);

#endif
