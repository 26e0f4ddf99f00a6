/*
 * The memory of a program: this object is loaded before libc (LD_PRELOAD).  It
 * replaces malloc(3) and its relatives by functions that count the blocks and
 * their octets (support/heap.h).
 *
 * Programs that the program starts are not affected.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/heap.h"

static struct heap_state	*state;
static struct heap_use		*own;	/* NULL: nothing is counted */

__attribute__((constructor)) static void
begin(void)
{
	const char	*path = getenv("HEAP_STATE");
	int		 fd;
	void		*shared;

	if (path == NULL || (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	shared = mmap(NULL, sizeof(*state), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	close(fd);
	unsetenv("LD_PRELOAD");
	unsetenv("HEAP_STATE");
	if (shared == MAP_FAILED)
		return;
	state = shared;
	own = &state->process[0];
}

static void
count(long blocks, long octets)
{
	long	b, o;

	if (own == NULL)
		return;
	b = atomic_fetch_add(&own->blocks, blocks) + blocks;
	o = atomic_fetch_add(&own->octets, octets) + octets;
	if (b > own->most_blocks)
		own->most_blocks = b;
	if (o > own->most_octets)
		own->most_octets = o;
}

static void *
counted(void *p)
{
	if (p != NULL)
		count(1, (long)malloc_usable_size(p));
	return p;
}

/* Own names, because some declarations of libc are not ISO C. */
#define DECLARE(type, name, params) \
	type	counting_##name params __asm__ (#name); \
	type counting_##name params

#define NEXT(type, name, params) \
	static type	(*next) params; \
	if (next == NULL) \
		*(void **)&next = dlsym(RTLD_NEXT, #name)

DECLARE(void *, malloc, (size_t n))
{
	NEXT(void *, malloc, (size_t));

	return counted(next(n));
}

DECLARE(void *, calloc, (size_t n, size_t size))
{
	NEXT(void *, calloc, (size_t, size_t));

	return counted(next(n, size));
}

DECLARE(void *, realloc, (void *p, size_t n))
{
	long	 before = p != NULL ? (long)malloc_usable_size(p) : 0;
	void	*to;
	NEXT(void *, realloc, (void *, size_t));

	to = next(p, n);
	if (p == NULL)
		return counted(to);
	if (to != NULL)
		count(0, (long)malloc_usable_size(to) - before);
	else if (n == 0)
		count(-1, -before);
	return to;
}

DECLARE(void *, reallocarray, (void *p, size_t n, size_t size))
{
	if (size != 0 && n > SIZE_MAX / size) {
		errno = ENOMEM;
		return NULL;
	}
	return counting_realloc(p, n * size);
}

DECLARE(int, posix_memalign, (void **to, size_t alignment, size_t n))
{
	int	error;
	NEXT(int, posix_memalign, (void **, size_t, size_t));

	error = next(to, alignment, n);
	if (error == 0)
		counted(*to);
	return error;
}

DECLARE(void *, aligned_alloc, (size_t alignment, size_t n))
{
	NEXT(void *, aligned_alloc, (size_t, size_t));

	return counted(next(alignment, n));
}

DECLARE(void, free, (void *p))
{
	NEXT(void, free, (void *));

	if (p != NULL)
		count(-1, -(long)malloc_usable_size(p));
	next(p);
}

DECLARE(pid_t, fork, (void))
{
	struct heap_use	*before = own;
	unsigned	 number;
	pid_t		 pid;
	NEXT(pid_t, fork, (void));

	if (before == NULL)
		return next();
	number = atomic_fetch_add(&state->processes, 1) + 1;
	if (number < HEAP_PROCESSES) {
		struct heap_use	*child = &state->process[number];

		child->most_blocks = child->blocks = (long)before->blocks;
		child->most_octets = child->octets = (long)before->octets;
	}
	pid = next();
	if (pid == 0)
		own = number < HEAP_PROCESSES ? &state->process[number] : NULL;
	return pid;
}
