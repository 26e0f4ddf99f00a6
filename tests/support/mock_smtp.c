#include "support/mock_smtp.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/mock_process.h"
#include "support/mock_record.h"
#include "util/clock.h"
#include "util/memory.h"

enum { DEADLINE_MS = 10000 };

struct mock_smtp_private {
	pid_t			pid;		/* 0: nobody serves */
	int			socket;		/* bound, without a server */
	int			filler[2];	/* of a black hole */
	int			release;
	struct event_log	events;
	struct mock_record	record;
};

union address {
	struct sockaddr		any;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
	struct sockaddr_un	un;
};

static socklen_t
address_of(const struct script *s, union address *a)
{
	const char	*text = s->address != NULL ? s->address : "127.0.0.1";

	memset(a, 0, sizeof(*a));
	if (*text == '/') {
		a->un.sun_family = AF_UNIX;
		if (strlcpy(a->un.sun_path, text, sizeof(a->un.sun_path)) >=
		    sizeof(a->un.sun_path))
			errx(1, "%s: too long for a socket", text);
		return sizeof(a->un);
	}
	if (inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons(s->port);
		return sizeof(a->in6);
	}
	if (inet_pton(AF_INET, text, &a->in.sin_addr) != 1)
		errx(1, "%s: no address", text);
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons(s->port);
	return sizeof(a->in);
}

static void
bind_socket(struct mock_smtp *host, const struct script *s, union address *a)
{
	socklen_t	len = address_of(s, a);
	int		on = 1, fd;

	fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* All of IPv6 leaves IPv4 to another smarthost. */
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a->any, len) == -1 ||
	    getsockname(fd, &a->any, &len) == -1)
		err(1, "bind %s", s->address != NULL ? s->address : "");
	if (a->any.sa_family == AF_INET)
		host->port = ntohs(a->in.sin_port);
	else if (a->any.sa_family == AF_INET6)
		host->port = ntohs(a->in6.sin6_port);
	strlcpy(host->address, s->address != NULL ? s->address : "127.0.0.1",
	    sizeof(host->address));
	host->own->socket = fd;
}

/*
 * A listen queue of one, which we fill: the kernel then drops every SYN, and
 * lets clients of a Unix socket wait.
 */
static void
fill_queue(struct mock_smtp_private *own, const union address *a)
{
	socklen_t	len = a->any.sa_family == AF_UNIX ? sizeof(a->un) :
			    a->any.sa_family == AF_INET6 ? sizeof(a->in6) :
			    sizeof(a->in);

	if (listen(own->socket, 0) == -1)
		err(1, "listen");
	for (size_t i = 0; i < 2; i++) {
		own->filler[i] = socket(a->any.sa_family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (own->filler[i] == -1)
			err(1, "socket");
		(void)connect(own->filler[i], &a->any, len);
	}
}

static void
fork_server(struct mock_smtp_private *own, const struct script *s)
{
	if (listen(own->socket, 128) == -1)
		err(1, "listen");
	fflush(NULL);
	if ((own->pid = fork()) == -1)
		err(1, "fork");
	if (own->pid == 0)
		mock_process_run(s, own->socket, own->release, &own->events);
	close(own->socket);
	own->socket = -1;
}

struct mock_smtp *
mock_smtp_start(const struct script *s)
{
	struct mock_smtp	*host = memory_new(1, sizeof(*host));
	union address		 a;

	host->own = memory_new(1, sizeof(*host->own));
	host->own->filler[0] = host->own->filler[1] = -1;
	event_log_open(&host->own->events);
	host->own->release = eventfd(0,
	    EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	if (host->own->release == -1)
		err(1, "eventfd");
	bind_socket(host, s, &a);
	if (s->black_hole)
		fill_queue(host->own, &a);
	else if (!s->refusing)
		fork_server(host->own, s);
	return host;
}

/* Whether the server is still running, so that we have to end it. */
static void
end_server(pid_t pid)
{
	int	status;

	kill(pid, SIGKILL);
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		errx(1, "the smarthost ended before its time (status %#x)",
		    (unsigned)status);
}

void
mock_smtp_end(struct mock_smtp *host)
{
	if (host->own->pid != 0)
		end_server(host->own->pid);
	host->own->pid = 0;
}

void
mock_smtp_stop(struct mock_smtp *host)
{
	struct mock_smtp_private	*own;

	if (host == NULL)
		return;
	own = host->own;
	mock_smtp_end(host);
	for (size_t i = 0; i < 2; i++)
		if (own->filler[i] != -1)
			close(own->filler[i]);
	if (own->socket != -1)
		close(own->socket);
	if (host->port == 0)
		unlink(host->address);
	close(own->release);
	event_log_close(&own->events);
	mock_record_free(&own->record);
	free(own);
	free(host);
}

void
mock_smtp_release(struct mock_smtp *host)
{
	uint64_t	one = 1;

	if (write(host->own->release, &one, sizeof(one)) == -1)
		err(1, "release");
}

static const struct mock_record *
updated(struct mock_smtp *host)
{
	/* Not readable until the next event. */
	event_log_wait(&host->own->events, 0);
	mock_record_update(&host->own->record, &host->own->events);
	return &host->own->record;
}

/* Waits until *count, which is in the record, has reached n. */
static bool
wait_until(struct mock_smtp *host, const size_t *count, size_t n)
{
	int64_t	end = clock_ms() + DEADLINE_MS;

	for (;;) {
		int64_t	left = end - clock_ms();

		updated(host);
		if (*count >= n)
			return true;
		if (left <= 0)
			return false;
		event_log_wait(&host->own->events, (int)left);
	}
}

bool
mock_smtp_wait_connections(struct mock_smtp *host, size_t n)
{
	return wait_until(host, &host->own->record.n, n);
}

bool
mock_smtp_wait_closed(struct mock_smtp *host, size_t n)
{
	return wait_until(host, &host->own->record.n_closed, n);
}

bool
mock_smtp_wait_commands(struct mock_smtp *host, enum stage stage, size_t n)
{
	return wait_until(host, &host->own->record.commands[stage], n);
}

bool
mock_smtp_wait_messages(struct mock_smtp *host, size_t n)
{
	return wait_until(host, &host->own->record.n_messages, n);
}

int
mock_smtp_bell(const struct mock_smtp *host)
{
	return host->own->events.bell;
}

size_t
mock_smtp_connections(struct mock_smtp *host)
{
	return updated(host)->n;
}

size_t
mock_smtp_messages(struct mock_smtp *host)
{
	return updated(host)->n_messages;
}

size_t
mock_smtp_most_open(struct mock_smtp *host)
{
	return updated(host)->most_open;
}

const struct heard *
mock_smtp_heard(struct mock_smtp *host, size_t n)
{
	return mock_record_heard(updated(host), n);
}

const struct heard_message *
mock_smtp_message(struct mock_smtp *host, size_t n)
{
	const struct mock_record	*r = updated(host);

	return n < r->n_messages ? r->message[n] : NULL;
}

char *
heard_commands(const struct heard *h, bool full)
{
	struct buffer	out = { 0 };

	for (size_t i = 0; i < h->n_commands; i++) {
		const char	*line = h->command[i].line;

		if (i > 0)
			buffer_add_byte(&out, '|');
		if (full)
			buffer_add_text(&out, line);
		else if (h->command[i].stage == ON_AUTH_LINE)
			buffer_add_text(&out, "*");
		else
			buffer_add(&out, line, strcspn(line, " "));
	}
	return buffer_take(&out);
}

char *
heard_flight(const struct heard *h, size_t n)
{
	const struct heard_flight	*f;

	if (n >= h->n_flights)
		return memory_copy("");
	f = &h->flight[n];
	if (f->offset + f->len > h->wire.len)
		return memory_copy("");
	return memory_copy_n(h->wire.data + f->offset, f->len);
}
