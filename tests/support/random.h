/*
 * random.h - numbers for tests: the same sequence every time
 */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdint.h>

/* The next of the sequence that *state, any number, stands for. */
uint32_t	next_random(uint64_t *state);

#endif
