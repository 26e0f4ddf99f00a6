#include "net/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/resolve.h"
#include "util/clock.h"
#include "util/interrupt.h"

enum {
	ADDRESSES_MAX = 16,	/* of one name */
	STAGGER_MS = 250,	/* RFC 8305 section 5 */
	NAMED_MAX = 4,		/* failed addresses named in the text */
	STEP_MS = 1000,		/* between two looks for a signal */
};

struct attempt {
	const union resolved_address	*to;
	int				 fd;		/* -1: not running */
	int64_t				 deadline;	/* 0: none */
};

/* The attempts to connect to the addresses of one host. */
struct race {
	const struct connect_options	*options;
	const char			*host;
	union resolved_address		 source;	/* if the options have
							 * one */
	struct attempt			 attempt[ADDRESSES_MAX];
	size_t				 n;		/* addresses */
	size_t				 started;
	int64_t				 next_start;
	bool				 meanwhile_called;
	struct failure			 why;
	size_t				 n_failed;
};

static bool
read_source(union resolved_address *source,
    const struct connect_options *options, struct failure *why)
{
	const char	*text = options->source;

	*source = (union resolved_address){ .any.sa_family = AF_UNSPEC };
	if (text == NULL)
		return true;
	if (inet_pton(AF_INET, text, &source->in.sin_addr) == 1) {
		source->any.sa_family = AF_INET;
	} else if (inet_pton(AF_INET6, text, &source->in6.sin6_addr) == 1) {
		source->any.sa_family = AF_INET6;
	} else {
		failed(why, EX_CONFIG, "the source address %s is not an IP "
		    "address", text);
		why->cause = CONNECT_CAUSE_SOURCE;
		return false;
	}
	return true;
}

/*
 * Selects the addresses to try: the families alternate, beginning with that of
 * the first address (RFC 8305 section 4).
 */
static void
order_addresses(struct race *r, const struct resolved *found)
{
	int	turn = found->address[0].any.sa_family;
	bool	used[RESOLVE_MAX] = { false };

	while (r->n < ADDRESSES_MAX && r->n < found->n) {
		size_t	any = found->n, next = found->n;

		for (size_t i = found->n; i > 0; i--) {
			if (used[i - 1])
				continue;
			any = i - 1;
			if (found->address[any].any.sa_family == turn)
				next = any;
		}
		if (next == found->n)
			next = any;
		used[next] = true;
		turn = found->address[next].any.sa_family == AF_INET ?
		    AF_INET6 : AF_INET;
		r->attempt[r->n++] = (struct attempt){
		    .to = &found->address[next], .fd = -1 };
	}
}

/*
 * Closes the attempt and adds its failure; one temporary failure makes the
 * whole temporary.  If it was the latest attempt, the next one starts at once.
 */
static void
fail_attempt(struct race *r, struct attempt *a, const struct failure *why)
{
	if (r->n_failed++ == 0)
		r->why = *why;
	else if (r->n_failed <= NAMED_MAX)
		failure_suffix(&r->why, "; %s", why->text);
	if (why->status == EX_TEMPFAIL)
		r->why.status = EX_TEMPFAIL;
	if (a->fd != -1)
		close(a->fd);
	a->fd = -1;
	if (a == &r->attempt[r->started - 1])
		r->next_start = clock_ms();
}

/* Adds the address to the text, unless the host is an address itself. */
static void
fail_attempt_errno(struct race *r, struct attempt *a, int error)
{
	char		address[INET6_ADDRSTRLEN + 16] = "unknown address";
	struct failure	why;

	failed(&why, EX_TEMPFAIL, "%s", strerror(error));
	(void)getnameinfo(&a->to->any, resolved_size(a->to), address,
	    sizeof(address), NULL, 0, NI_NUMERICHOST);
	if (strcmp(address, r->host) != 0)
		failure_prefix(&why, "%s: ", address);
	fail_attempt(r, a, &why);
}

/* Starts the next attempt; true if it is connected at once. */
static bool
start_next(struct race *r)
{
	struct attempt	*a = &r->attempt[r->started++];
	int		 on = 1;
	bool		 connected;

	r->next_start = clock_ms() + STAGGER_MS;
	a->fd = socket(a->to->any.sa_family,
	    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd == -1) {
		fail_attempt_errno(r, a, errno);
		return false;
	}
	setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (r->options->source != NULL &&
	    bind(a->fd, &r->source.any, resolved_size(&r->source)) == -1) {
		struct failure	why;

		failed_errno(&why, EX_CONFIG, "cannot bind to the source "
		    "address %s", r->options->source);
		why.cause = CONNECT_CAUSE_SOURCE;
		fail_attempt(r, a, &why);
		r->n = r->started;	/* the others would fail as well */
		return false;
	}
	if (r->options->timeout_ms > 0)
		a->deadline = clock_ms() + r->options->timeout_ms;
	connected = connect(a->fd, &a->to->any, resolved_size(a->to)) == 0;
	if (!connected && errno != EINPROGRESS) {
		fail_attempt_errno(r, a, errno);
		return false;
	}
	if (!r->meanwhile_called && r->options->meanwhile != NULL)
		r->options->meanwhile(r->options->context);
	r->meanwhile_called = true;
	return connected;
}

/* Milliseconds until the next start or deadline; -1: none. */
static int
poll_timeout(const struct race *r)
{
	int64_t	until = r->started < r->n ? r->next_start : 0;
	int64_t	left;

	for (size_t i = 0; i < r->started; i++) {
		const struct attempt	*a = &r->attempt[i];

		if (a->fd != -1 && a->deadline > 0 &&
		    (until == 0 || a->deadline < until))
			until = a->deadline;
	}
	if (until == 0)
		return -1;
	left = until - clock_ms();
	return left < 0 ? 0 : (int)left;
}

/* The errno of an attempt whose socket is ready; 0: it is connected. */
static int
socket_error(int fd)
{
	int		error = 0;
	socklen_t	len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
		return errno;
	return error;
}

/*
 * Waits for the next event, and ends attempts that have failed.  Returns the
 * index of a connected attempt, or -1.
 */
static int
wait_for_event(struct race *r)
{
	struct pollfd	polls[ADDRESSES_MAX + 1];
	int		index[ADDRESSES_MAX];
	nfds_t		n = 0;

	for (size_t i = 0; i < r->started; i++) {
		if (r->attempt[i].fd == -1)
			continue;
		index[n] = (int)i;
		polls[n++] = (struct pollfd){ .fd = r->attempt[i].fd,
		    .events = POLLOUT };
	}
	polls[n] = (struct pollfd){ .fd = r->options->interrupt != NULL ?
	    r->options->interrupt->fd : -1, .events = POLLIN };
	/* After EINTR, all .revents are 0. */
	(void)poll(polls, n + 1, (int)interrupt_limit_wait(
	    r->options->interrupt, poll_timeout(r)));
	if (polls[n].revents != 0)
		interrupt_came(r->options->interrupt);
	for (nfds_t i = 0; i < n; i++) {
		struct attempt	*a = &r->attempt[index[i]];
		int		 error;

		if (polls[i].revents != 0) {
			if ((error = socket_error(a->fd)) == 0)
				return index[i];
			fail_attempt_errno(r, a, error);
		} else if (a->deadline > 0 && clock_ms() >= a->deadline) {
			fail_attempt_errno(r, a, ETIMEDOUT);
		}
	}
	return -1;
}

static size_t
n_running(const struct race *r)
{
	size_t	n = 0;

	for (size_t i = 0; i < r->started; i++)
		n += r->attempt[i].fd != -1;
	return n;
}

/*
 * Runs the attempts; returns the connected socket, or -1.  Running attempts
 * are checked before another one starts, since one of them may have been
 * connected during meanwhile().
 */
static int
run_attempts(struct race *r)
{
	int	winner = -1;

	while (winner == -1 && (r->started < r->n || n_running(r) > 0) &&
	    !interrupt_is_known(r->options->interrupt)) {
		if (n_running(r) > 0)
			winner = wait_for_event(r);
		if (winner == -1 && r->started < r->n &&
		    clock_ms() >= r->next_start && start_next(r))
			winner = (int)r->started - 1;
	}
	for (size_t i = 0; i < r->started; i++)
		if ((int)i != winner && r->attempt[i].fd != -1)
			close(r->attempt[i].fd);
	return winner == -1 ? -1 : r->attempt[winner].fd;
}

/*
 * Connects, with a timeout: connect(2) waits while the queue of the listening
 * socket is full.  Signals are looked for every STEP_MS.
 */
static bool
connect_with_timeout(int fd, const struct sockaddr_un *to,
    const struct connect_options *options)
{
	int64_t	until = clock_ms() + options->timeout_ms;
	bool	good;

	do {
		int64_t		left = until - clock_ms();
		int64_t		ms = left > 0 ? left : 1;
		struct timeval	timeout;

		if (options->timeout_ms == 0 || ms > STEP_MS)
			ms = STEP_MS;
		timeout = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout,
		    sizeof(timeout));
		good = connect(fd, (const struct sockaddr *)to,
		    sizeof(*to)) == 0;
	} while (!good && errno == EAGAIN &&
	    (options->timeout_ms == 0 || clock_ms() < until) &&
	    !interrupt_came(options->interrupt));
	return good;
}

static int
connect_unix(const char *path, const struct connect_options *options,
    struct failure *why)
{
	struct sockaddr_un	to = { .sun_family = AF_UNIX };
	int			fd;

	if (strlcpy(to.sun_path, path, sizeof(to.sun_path)) >=
	    sizeof(to.sun_path)) {
		failed(why, EX_CONFIG, "the path is too long for a Unix "
		    "socket");
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || !connect_with_timeout(fd, &to, options)) {
		if (interrupt_is_known(options->interrupt))
			interrupt_failed(options->interrupt, why);
		else if (errno == EAGAIN)
			failed(why, EX_TEMPFAIL, "timed out");
		else
			failed(why, EX_TEMPFAIL, "%s", strerror(errno));
		if (fd != -1)
			close(fd);
		return -1;
	}
	if (options->meanwhile != NULL)
		options->meanwhile(options->context);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Returns a socket connected to one of the addresses, or -1 with why. */
static int
connect_host(const struct endpoint *where,
    const struct connect_options *options, struct failure *why)
{
	struct race	r = { .options = options, .host = where->host };
	struct resolved	found;
	int		fd;

	if (!read_source(&r.source, options, why) ||
	    !resolve(&found, where, options, why))
		return -1;
	order_addresses(&r, &found);
	fd = run_attempts(&r);
	if (fd != -1)
		return fd;
	if (interrupt_is_known(options->interrupt)) {
		interrupt_failed(options->interrupt, why);
		return -1;
	}
	*why = r.why;
	if (r.n_failed > NAMED_MAX)
		failure_suffix(why, "; and %zu more addresses",
		    r.n_failed - NAMED_MAX);
	return -1;
}

int
connect_to(const struct endpoint *where, const struct connect_options *options,
    struct failure *why)
{
	int	fd = where->host == NULL ?
		    connect_unix(where->path, options, why) :
		    connect_host(where, options, why);

	if (fd == -1 && why->cause == 0 &&
	    !interrupt_is_known(options->interrupt))
		why->cause = CONNECT_CAUSE_UNREACHABLE;
	return fd;
}

bool
connect_is_local(int fd)
{
	union {
		struct sockaddr		any;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
		struct sockaddr_storage	room;
	}			peer;
	socklen_t		len = sizeof(peer);
	const struct in6_addr	*ip6 = &peer.in6.sin6_addr;

	if (getpeername(fd, &peer.any, &len) == -1)
		return false;
	switch (peer.any.sa_family) {
	case AF_UNIX:
		return true;
	case AF_INET:
		return ntohl(peer.in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	case AF_INET6:
		return IN6_IS_ADDR_LOOPBACK(ip6) ||
		    (IN6_IS_ADDR_V4MAPPED(ip6) &&
		    ip6->s6_addr[12] == IN_LOOPBACKNET);
	default:
		return false;
	}
}
