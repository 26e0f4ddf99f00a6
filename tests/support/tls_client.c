#include "support/tls_client.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEADLINE_MS = 20 * 1000 };

const struct tls_module *
tls_client_module(void)
{
	struct failure			 why;
	const struct tls_module		*module = tls_load(&why);

	if (module == NULL) {
		fprintf(stderr, "%s\n", why.text);
		abort();
	}
	return module;
}

/* Waits until fd is ready if the call must be repeated; returns true then. */
static bool
again(enum tls_result result, int fd)
{
	struct pollfd	p = { .fd = fd };

	if (result != TLS_WANT_READ && result != TLS_WANT_WRITE)
		return false;
	p.events = result == TLS_WANT_READ ? POLLIN : POLLOUT;
	if (poll(&p, 1, DEADLINE_MS) != 1) {
		fprintf(stderr, "the peer says nothing\n");
		abort();
	}
	return true;
}

enum tls_result
tls_client_handshake(struct tls *tls, int fd, struct failure *why)
{
	enum tls_result	result;

	do
		result = tls_client_module()->handshake(tls, fd, why);
	while (again(result, fd));
	return result;
}

enum tls_result
tls_client_read(struct tls *tls, int fd, void *to, size_t room, size_t *got,
    struct failure *why)
{
	enum tls_result	result;

	do
		result = tls_client_module()->read(tls, to, room, got, why);
	while (again(result, fd));
	return result;
}

enum tls_result
tls_client_write(struct tls *tls, int fd, const void *from, size_t len,
    struct failure *why)
{
	enum tls_result	 result = TLS_DONE;
	const char	*at = from;
	size_t		 put;

	while (len > 0 && result == TLS_DONE) {
		do
			result = tls_client_module()->write(tls, at, len, &put,
			    why);
		while (again(result, fd));
		at += put;
		len -= put;
	}
	return result;
}
