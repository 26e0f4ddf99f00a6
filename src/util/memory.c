#include "util/memory.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/*
 * With a message that fits into a block of 64 KiB, the heap is not enlarged,
 * which would take a system call.
 */
enum { RESERVE = 56 * 1024 };

static void	*reserve;	/* NULL: none, or it was used */

static void
use_reserve(void)
{
	if (reserve == NULL)
		errx(EX_TEMPFAIL, "out of memory");
	free(reserve);
	reserve = NULL;
}

void
memory_reserve(void)
{
	if (reserve == NULL && (reserve = malloc(RESERVE)) == NULL)
		use_reserve();
}

void *
memory_new(size_t n, size_t size)
{
	void	*p;

	while ((p = calloc(n > 0 ? n : 1, size)) == NULL)
		use_reserve();
	return p;
}

void *
memory_resize(void *p, size_t n, size_t size)
{
	void	*resized;

	while ((resized = reallocarray(p, n > 0 ? n : 1, size)) == NULL)
		use_reserve();
	return resized;
}

char *
memory_copy(const char *text)
{
	size_t	size = strlen(text) + 1;

	/* malloc(3), because calloc(3) of glibc takes 150 instructions more. */
	return memcpy(memory_resize(NULL, size, 1), text, size);
}

char *
memory_copy_n(const char *data, size_t len)
{
	char	*copy = memory_resize(NULL, len + 1, 1);

	memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

void
memory_wipe(char **text)
{
	if (*text != NULL)
		freezero(*text, strlen(*text));
	*text = NULL;
}

void *
memory_room(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap == 0 ? 8 : *cap * 2;
	return memory_resize(array, *cap, size);
}
