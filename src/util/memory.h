/*
 * memory.h - allocation that does not fail
 *
 * Out of memory ends the process with EX_TEMPFAIL and a line on stderr: the
 * message is still the caller's, or safe in the queue.  What is returned is
 * released with free(3).
 */
#ifndef UTIL_MEMORY_H
#define UTIL_MEMORY_H

#include <stddef.h>

void	*memory_new(size_t n, size_t size);	/* zeroed */
void	*memory_resize(void *, size_t n, size_t size);
char	*memory_copy(const char *text);
char	*memory_copy_n(const char *data, size_t len);	/* adds a NUL */

/*
 * Room for one more element in an array that holds *n of *cap: returns the
 * array, moved if it had to grow (by doubling).
 */
void	*memory_room(void *array, size_t n, size_t *cap, size_t size);

#endif
