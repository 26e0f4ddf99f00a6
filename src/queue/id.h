/*
 * id.h - the names of entries: time, then randomness
 *
 * Fifteen letters and digits: seconds, microseconds, 20 random bits, each in
 * base 32 with its digits in ASCII order, so names sort by age.
 */
#ifndef QUEUE_ID_H
#define QUEUE_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { ID_SIZE = 16 };		/* with the NUL */

void	id_make(char id[ID_SIZE], int64_t arrived_us, uint32_t random);

/* Anything else in a spool is no entry of ours. */
bool	id_is_valid(const char *name);

/* The seconds since the epoch that a valid name begins with. */
int64_t	id_time(const char *id);

#endif
