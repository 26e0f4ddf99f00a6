/*
 * clock.h - time for deadlines
 */
#ifndef UTIL_CLOCK_H
#define UTIL_CLOCK_H

#include <stdint.h>

/* Milliseconds that never run backwards; only differences mean anything. */
int64_t	clock_ms(void);

#endif
