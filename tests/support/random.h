/*
 * random.h - reproducible pseudo-random numbers
 */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdint.h>

/* The next number of the sequence; *state may begin with any value. */
uint32_t	next_random(uint64_t *state);

#endif
