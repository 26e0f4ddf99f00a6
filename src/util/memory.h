/*
 * memory.h - allocate memory
 *
 * If no memory is left, the process writes a line to standard error and exits
 * with EX_TEMPFAIL: the caller still has the message, or it is in the queue.
 * The memory is released by free(3).
 */
#ifndef UTIL_MEMORY_H
#define UTIL_MEMORY_H

#include <stddef.h>

void	*memory_new(size_t n, size_t size);	/* zeroed */
void	*memory_resize(void *, size_t n, size_t size);
char	*memory_copy(const char *text);
char	*memory_copy_n(const char *data, size_t len);	/* adds a NUL */

/*
 * Sets memory aside, which is released if no other memory is left.  Call this
 * before a message is sent or queued: a process that runs out of memory after
 * the reply of the smarthost or the creation of the entry, and before it has
 * recorded or reported the outcome, would cause the message to be sent again.
 */
void	memory_reserve(void);

/* Wipes and frees a text that is secret, and sets it to NULL; it may be NULL. */
void	memory_wipe(char **text);

/*
 * Returns an array with room for one more element.  The array has n elements
 * and room for *cap; if it is full, it is moved and *cap doubled.
 */
void	*memory_room(void *array, size_t n, size_t *cap, size_t size);

#endif
