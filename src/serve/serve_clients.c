#include "serve/serve_clients.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "serve/serve_pool.h"
#include "serve/serve_session.h"
#include "util/clock.h"
#include "util/memory.h"

enum {
	SHARE = 4,		/* a user gets 1/SHARE of the clients */
	PAUSE_MS = 200,		/* after accept(2) has failed */
	IDLE_MS = 1000,		/* until a process is ended, or at once */
	IDLE_MAX = 8,		/* if that many are idle */
};

static struct serve_peer
peer_of(int fd)
{
	struct serve_peer	peer = { .uid = (uid_t)-1 };
	struct ucred		credentials;
	socklen_t		size = sizeof(credentials);
	struct sockaddr_storage	address = { .ss_family = AF_UNSPEC };
	socklen_t		address_size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &address_size) == 0 &&
	    address.ss_family == AF_UNIX && getsockopt(fd, SOL_SOCKET,
	    SO_PEERCRED, &credentials, &size) == 0) {
		peer.is_known = true;
		peer.uid = credentials.uid;
		peer.pid = credentials.pid;
	}
	return peer;
}

/* Refuses a client, without waiting for it. */
static void
refuse_client(const struct serve_state *s, int fd, const char *reason)
{
	char	reply[400];

	snprintf(reply, sizeof(reply), "421 4.3.2 %s %s\r\n", s->me.host,
	    reason);
	send(fd, reply, strlen(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

size_t
serve_clients_count(const struct serve_state *s)
{
	size_t	n = 0;

	for (size_t i = 0; i < s->n_clients; i++)
		n += !s->client[i].idle;
	return n;
}

static size_t
count_of_user(const struct serve_state *s, uid_t uid)
{
	size_t	n = 0;

	for (size_t i = 0; i < s->n_clients; i++)
		n += !s->client[i].idle && s->client[i].uid == uid;
	return n;
}

/* Whether the process waits for another client. */
static bool
is_waiting(const struct serve_client *c)
{
	return c->idle && c->channel != -1;
}

/* Passes the client to a process that has served its user, if one waits. */
static bool
continue_session(struct serve_state *s, int fd, const struct serve_peer *peer)
{
	const int	fds[SERVE_CHANNEL_FDS] = { fd, -1 };

	for (size_t i = 0; peer->is_known && i < s->n_clients; i++) {
		struct serve_client	*c = &s->client[i];

		if (!is_waiting(c) || c->outdated || c->uid != peer->uid)
			continue;
		if (serve_channel_send(c->channel, peer, sizeof(*peer), fds)) {
			c->idle = false;
			close(fd);
			return true;
		}
		serve_state_close(&c->channel);
	}
	return false;
}

/* Starts a session, which takes over the socket. */
static bool
start_session(struct serve_state *s, int fd, const struct serve_peer *peer)
{
	int			channel;
	pid_t			pid = serve_state_fork(s, &channel);
	struct serve_session	session = { .config = s->config,
				    .log = s->options->log, .peer = *peer,
				    .spool = &s->spool, .client = fd,
				    .channel = channel };

	if (pid == 0) {
		serve_state_close(&s->seats);
		serve_session_run(&session);
		_exit(EX_OK);
	}
	if (pid == -1)
		return false;
	close(fd);
	s->client = memory_room(s->client, s->n_clients, &s->clients_cap,
	    sizeof(*s->client));
	s->client[s->n_clients++] = (struct serve_client){ .pid = pid,
	    .uid = peer->uid, .channel = channel };
	return true;
}

void
serve_clients_admit(struct serve_state *s, int fd)
{
	struct serve_peer	peer = peer_of(fd);
	size_t			share = s->clients_max / SHARE;

	if (serve_clients_count(s) >= s->clients_max)
		refuse_client(s, fd, "Too many clients, try again later");
	else if (count_of_user(s, peer.uid) >= (share > 0 ? share : 1))
		refuse_client(s, fd, "Too many clients of this user, try "
		    "again later");
	else if (!continue_session(s, fd, &peer) &&
	    !start_session(s, fd, &peer))
		refuse_client(s, fd, "No resources, try again later");
}

int
serve_clients_accept(struct serve_state *s, int listener)
{
	int	fd;

	do
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	while (fd == -1 && (errno == EINTR || errno == ECONNABORTED));
	if (fd == -1 && (errno == EMFILE || errno == ENFILE ||
	    errno == ENOBUFS || errno == ENOMEM)) {
		if (serve_state_may_log(&s->accept_logged))
			log_line(s->options->log, LOG_ERR, "cannot accept "
			    "clients: %s; they wait%s", strerror(errno),
			    errno == EMFILE ? "; raise the limit of open files "
			    "of the service (LimitNOFILE, ulimit -n)" : "");
		s->accept_after = clock_ms() + PAUSE_MS;
	}
	return fd;
}

/* The present message of the client was not accepted. */
static void
uncount_message(struct serve_state *s, struct serve_client *c)
{
	if (c->counted_ms != 0)
		serve_users_uncount(&s->users, c->uid, c->counted_ms);
	c->counted_ms = 0;
}

/*
 * A message is counted when it begins, so that messages that arrive at the
 * same time cannot exceed the limit.
 */
static int64_t
answer_check(struct serve_state *s, struct serve_client *c,
    const struct serve_request *r)
{
	int64_t	now = clock_ms(), wait;
	char	who[40] = "TCP clients have";
	bool	first;

	uncount_message(s, c);
	wait = serve_users_check(&s->users, c->uid, r->limit, r->period_s,
	    now, &first);
	c->counted_ms = wait == 0 ? now : 0;
	if (c->uid != (uid_t)-1)
		snprintf(who, sizeof(who), "uid=%lu has",
		    (unsigned long)c->uid);
	if (first)
		log_line(s->options->log, LOG_WARNING, "%s sent %llu message%s "
		    "in %lld seconds, as many as limit allows; more are "
		    "refused for %lld seconds", who,
		    (unsigned long long)r->limit, r->limit == 1 ? "" : "s",
		    (long long)r->period_s, (long long)wait);
	return wait;
}

static int64_t
answer_run(struct serve_state *s, uid_t uid)
{
	int64_t	wait = serve_users_run(&s->users, uid, clock_ms());

	s->run_now |= wait == 0 && s->spool.directory != NULL;
	return wait;
}

/* The process can serve another client. */
static void
keep_process(struct serve_state *s, struct serve_client *c)
{
	size_t	n = 0;

	for (size_t i = 0; i < s->n_clients; i++)
		n += is_waiting(&s->client[i]);
	uncount_message(s, c);
	c->idle = true;
	c->idle_since = clock_ms();
	if (n >= IDLE_MAX)
		serve_state_close(&c->channel);
}

void
serve_clients_end_idle(struct serve_state *s, int64_t now)
{
	for (size_t i = 0; i < s->n_clients; i++) {
		struct serve_client	*c = &s->client[i];

		if (is_waiting(c) && (c->outdated || s->stopping ||
		    now - c->idle_since >= IDLE_MS))
			serve_state_close(&c->channel);
	}
}

int64_t
serve_clients_next(const struct serve_state *s)
{
	int64_t	next = -1;

	for (size_t i = 0; i < s->n_clients; i++)
		if (is_waiting(&s->client[i]) && (next == -1 ||
		    s->client[i].idle_since + IDLE_MS < next))
			next = s->client[i].idle_since + IDLE_MS;
	return next;
}

void
serve_clients_read(struct serve_state *s, struct serve_client *c)
{
	struct serve_request	r;
	int			fds[SERVE_CHANNEL_FDS];
	int64_t			answer;

	if (serve_channel_receive(c->channel, &r, sizeof(r), fds) !=
	    (ssize_t)sizeof(r)) {
		serve_state_close(&fds[0]);
		serve_state_close(&fds[1]);
		serve_state_close(&c->channel);
		uncount_message(s, c);
		return;
	}
	switch (r.kind) {
	case SERVE_SEND:
		if (fds[0] != -1 && fds[1] != -1 &&
		    s->n_messages < s->clients_max) {
			serve_pool_add(s, fds);
			return;
		}
		break;
	case SERVE_ACCEPTED:
		c->counted_ms = 0;
		serve_state_expect_turn(s, 0);
		break;
	case SERVE_REFUSED:
		uncount_message(s, c);
		break;
	case SERVE_CHECK:
		answer = answer_check(s, c, &r);
		serve_channel_send(c->channel, &answer, sizeof(answer), NULL);
		break;
	case SERVE_RUN:
		answer = answer_run(s, c->uid);
		serve_channel_send(c->channel, &answer, sizeof(answer), NULL);
		break;
	case SERVE_IDLE:
		keep_process(s, c);
		break;
	}
	serve_state_close(&fds[0]);
	serve_state_close(&fds[1]);
}

bool
serve_clients_reap(struct serve_state *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_clients; i++)
		if (s->client[i].pid == pid) {
			serve_state_close(&s->client[i].channel);
			uncount_message(s, &s->client[i]);
			s->client[i] = s->client[--s->n_clients];
			return true;
		}
	return false;
}
