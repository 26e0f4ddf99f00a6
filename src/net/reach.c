#include "net/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "net/resolve.h"
#include "util/clock.h"
#include "util/interrupt.h"

static struct reach_attempt *
add_attempt(struct reach *r)
{
	struct reach_attempt	*a = &r->attempt[r->n++];

	memset(a, 0, sizeof(*a));
	a->fd = -1;
	return a;
}

bool
reach_resolve(struct reach *r, const struct endpoint *where,
    const struct connect_options *options, struct failure *why)
{
	struct resolved	found;

	r->n = r->left_out = 0;
	if (!resolve(&found, where, options, why))
		return false;
	r->partial = found.partial;
	for (size_t i = 0; i < found.n; i++) {
		const union resolved_address	*a = &found.address[i];
		struct reach_attempt		*new;

		if (r->n == REACH_MAX) {
			r->left_out++;
			continue;
		}
		new = add_attempt(r);
		new->port = where->port;
		new->to_len = resolved_size(a);
		memcpy(&new->to, a, new->to_len);
		if (getnameinfo(&a->any, new->to_len, new->address,
		    sizeof(new->address), NULL, 0, NI_NUMERICHOST) != 0)
			strlcpy(new->address, "unknown address",
			    sizeof(new->address));
	}
	return true;
}

void
reach_add_port(struct reach *r, const struct reach_attempt *like,
    uint16_t port)
{
	struct reach_attempt	*a;
	in_port_t		 in_order = htons(port);

	if (r->n == REACH_MAX)
		return;
	a = add_attempt(r);
	*a = *like;
	a->fd = -1;
	a->port = port;
	memcpy((char *)&a->to + (a->to.ss_family == AF_INET6 ?
	    offsetof(struct sockaddr_in6, sin6_port) :
	    offsetof(struct sockaddr_in, sin_port)), &in_order,
	    sizeof(in_order));
}

/* Binds to the source address; false with errno. */
static bool
bind_source(int fd, int family, const char *source)
{
	union {
		struct sockaddr		any;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	}		from;
	bool		is_six = family == AF_INET6;

	memset(&from, 0, sizeof(from));
	from.any.sa_family = (sa_family_t)family;
	if (inet_pton(family, source, is_six ? (void *)&from.in6.sin6_addr :
	    (void *)&from.in.sin_addr) != 1) {
		errno = EAFNOSUPPORT;
		return false;
	}
	return bind(fd, &from.any, is_six ? sizeof(from.in6) :
	    sizeof(from.in)) == 0;
}

static void
fail_attempt(struct reach_attempt *a, int error)
{
	if (a->fd != -1)
		close(a->fd);
	a->fd = -1;
	a->error = error;
	a->ms = clock_ms() - a->began_ms;
}

/* Returns whether the attempt is in progress. */
static bool
start_attempt(struct reach_attempt *a, const char *source)
{
	int	on = 1;

	a->began_ms = clock_ms();
	a->fd = socket(a->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (a->fd == -1) {
		fail_attempt(a, errno);
		return false;
	}
	setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (source != NULL && !bind_source(a->fd, a->to.ss_family, source)) {
		a->no_source = true;
		fail_attempt(a, errno);
		return false;
	}
	if (connect(a->fd, (const struct sockaddr *)&a->to, a->to_len) == 0) {
		a->ms = clock_ms() - a->began_ms;
		return false;
	}
	if (errno == EINPROGRESS)
		return true;
	fail_attempt(a, errno);
	return false;
}

/* Ends an attempt whose socket is ready. */
static void
end_attempt(struct reach_attempt *a)
{
	int		error = 0;
	socklen_t	len = sizeof(error);

	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		error = errno;
	if (error != 0)
		fail_attempt(a, error);
	else
		a->ms = clock_ms() - a->began_ms;
}

void
reach_connect(struct reach *r, const struct connect_options *options)
{
	bool	running[REACH_MAX] = { false };
	size_t	left = 0;
	int64_t	until = clock_ms() + options->timeout_ms;

	for (size_t i = 0; i < r->n; i++) {
		running[i] = start_attempt(&r->attempt[i], options->source);
		left += running[i];
	}
	while (left > 0) {
		struct pollfd	polls[REACH_MAX + 1];
		int64_t		wait = until - clock_ms();
		bool		over = wait <= 0;

		for (size_t i = 0; i < r->n; i++)
			polls[i] = (struct pollfd){ .events = POLLOUT,
			    .fd = running[i] ? r->attempt[i].fd : -1 };
		polls[r->n] = (struct pollfd){ .events = POLLIN,
		    .fd = options->interrupt != NULL ?
		    options->interrupt->fd : -1 };
		/* After EINTR, all .revents are 0. */
		if (poll(polls, r->n + 1, over ? 0 : (int)wait) == -1)
			for (size_t i = 0; i <= r->n; i++)
				polls[i].revents = 0;
		over |= polls[r->n].revents != 0;
		for (size_t i = 0; i < r->n; i++) {
			if (!running[i] || (polls[i].revents == 0 && !over))
				continue;
			if (polls[i].revents != 0)
				end_attempt(&r->attempt[i]);
			else
				fail_attempt(&r->attempt[i], ETIMEDOUT);
			running[i] = false;
			left--;
		}
	}
}

void
reach_close(struct reach *r)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->attempt[i].fd != -1)
			close(r->attempt[i].fd);
		r->attempt[i].fd = -1;
	}
}
