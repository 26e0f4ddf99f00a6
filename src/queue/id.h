/*
 * id.h - the queue IDs, which are the file names of entries
 *
 * An ID has 15 letters and digits: seconds, microseconds and 20 random bits, in
 * base 32 with digits in ASCII order, so that IDs sort by age.
 */
#ifndef QUEUE_ID_H
#define QUEUE_ID_H

#include <stdbool.h>
#include <stdint.h>

enum { ID_SIZE = 16 };		/* with the NUL */

void	id_make(char id[ID_SIZE], int64_t arrived_us, uint32_t random);

/* A file with another name is not an entry. */
bool	id_is_valid(const char *name);

/* The time in a valid ID, in seconds since the epoch. */
int64_t	id_time(const char *id);

#endif
