/*
 * musl.c - what libbsd.a for glibc needs, and musl lacks
 *
 * Debian has no libbsd for musl.  The few functions that relais uses from the
 * library for glibc do not depend on glibc except for these two.
 */
#include <pthread.h>
#include <string.h>

void	__explicit_bzero_chk(void *, size_t, size_t);
int	__register_atfork(void (*)(void), void (*)(void), void (*)(void),
	    void *);

void
__explicit_bzero_chk(void *p, size_t len, size_t room)
{
	(void)room;
	explicit_bzero(p, len);
}

int
__register_atfork(void (*prepare)(void), void (*parent)(void),
    void (*child)(void), void *object)
{
	(void)object;
	return pthread_atfork(prepare, parent, child);
}
