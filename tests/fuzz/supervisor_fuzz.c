/*
 * supervisor_fuzz.c - what sessions and workers ask of the supervisor
 *
 * Each record of the input is an octet that selects the process, an octet with
 * the number of descriptors that it passes, and a message of the size of a
 * struct serve_request.  Whatever it is, no descriptor is left open, a message
 * counts for the user of its session only if it was accepted, and no more
 * messages wait than there can be sessions.
 */
#include <sys/socket.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/must.h"
#include "serve/serve_clients.h"
#include "serve/serve_pool.h"
#include "serve/serve_session.h"
#include "serve/serve_state.h"
#include "serve/serve_worker.h"
#include "util/clock.h"
#include "util/memory.h"

enum {
	SESSIONS = 3, WORKERS = 2, PROCESSES = SESSIONS + WORKERS,
	FDS_MAX = 4,			/* passed at once */
	RECORDS_MAX = 30,
	FDS_CHECKED = FDS_MAX * RECORDS_MAX,
	UID = 33, OTHER_UID = 34,
};

static const struct serve_options	options = { .log = &(struct log){
						.target = LOG_TO_NOTHING } };
static int	other_end[PROCESSES];

/* In the place of serve_state.c, serve_session.c and serve_worker.c: no process
 * can be started. */
pid_t
serve_state_fork(struct serve_state *s, int *channel)
{
	(void)s, (void)channel;
	return -1;
}

bool
serve_state_may_log(int64_t *last)
{
	(void)last;
	return false;
}

void
serve_state_expect_turn(struct serve_state *s, int64_t seconds)
{
	(void)s;
	must(seconds == 0);
}

void
serve_state_close(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
serve_session_run(const struct serve_session *session)
{
	(void)session;
	abort();
}

void
serve_worker_run(const struct serve_worker *worker)
{
	(void)worker;
	abort();
}

static void
send_record(int channel, const uint8_t *message, size_t len, size_t n_fds)
{
	struct iovec	text = { .iov_base = (void *)(uintptr_t)message,
			    .iov_len = len };
	struct msghdr	header = { .msg_iov = &text, .msg_iovlen = 1 };
	union {
		struct cmsghdr	header;
		char		room[CMSG_SPACE(FDS_MAX * sizeof(int))];
	}		passed = { .room = { 0 } };

	if (n_fds > 0) {
		header.msg_control = passed.room;
		header.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		passed.header.cmsg_level = SOL_SOCKET;
		passed.header.cmsg_type = SCM_RIGHTS;
		passed.header.cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		for (size_t i = 0; i < n_fds; i++)
			memcpy(CMSG_DATA(&passed.header) + i * sizeof(int),
			    &channel, sizeof(int));
	}
	must(sendmsg(channel, &header, MSG_NOSIGNAL) == (ssize_t)len);
}

static void
check_answer(int channel)
{
	int64_t	answer;
	ssize_t	n = recv(channel, &answer, sizeof(answer), MSG_DONTWAIT);

	must(n != sizeof(answer) || (answer >= 0 &&
	    answer <= SERVE_USERS_PERIOD_MAX_S));
}

static void
begin(struct serve_state *s)
{
	int	ends[2];

	*s = (struct serve_state){ .options = &options, .clients_max = SESSIONS,
	    .connections = WORKERS, .spool = { .fd = -1 }, .seats = -1,
	    .signals = -1 };
	s->client = memory_new(SESSIONS, sizeof(*s->client));
	s->worker = memory_new(WORKERS, sizeof(*s->worker));
	for (int i = 0; i < PROCESSES; i++) {
		must(serve_channel_open(ends));
		other_end[i] = ends[1];
		if (i < SESSIONS)
			s->client[s->n_clients++] = (struct serve_client){
			    .pid = i + 1, .channel = ends[0],
			    .uid = i == 0 ? OTHER_UID : UID };
		else
			s->worker[s->n_workers++] = (struct serve_pool_worker){
			    .pid = i + 1, .channel = ends[0],
			    .idle_since = clock_ms() };
	}
}

/* All processes end, and the supervisor stops. */
static void
end(struct serve_state *s)
{
	s->stopping = true;
	serve_pool_dispatch(s, clock_ms());
	must(s->n_messages == 0);
	for (int i = 0; i < PROCESSES; i++) {
		close(other_end[i]);
		must(serve_clients_reap(s, i + 1) ||
		    serve_pool_reap(s, i + 1));
	}
	must(s->n_clients == 0 && s->n_workers == 0);
	free(s->client);
	free(s->worker);
	free(s->message);
}

static void
read_session(struct serve_state *s, struct serve_client *c, int channel,
    uint64_t accepted[2])
{
	bool	was_counted = c->counted_ms != 0;

	serve_clients_read(s, c);
	must(s->n_messages <= s->clients_max);
	if (was_counted && c->counted_ms == 0 && c->channel != -1)
		accepted[c->uid == UID]++;
	check_answer(channel);
}

/* The messages of the user that were accepted, or are being sent now. */
static void
check_use(const struct serve_state *s, const uint64_t accepted[2])
{
	for (size_t i = 0; i < s->users.n; i++) {
		const struct serve_user_use	*use = &s->users.user[i];
		uint64_t			 n = accepted[use->uid == UID];

		must(use->uid == UID || use->uid == OTHER_UID);
		for (size_t k = 0; k < s->n_clients; k++)
			n += s->client[k].uid == use->uid &&
			    s->client[k].counted_ms != 0;
		must(use->messages <= n);
	}
}

/* Of the descriptors that this target uses. */
static size_t
count_open(int first)
{
	size_t	n = 0;

	for (int fd = first; fd < first + FDS_CHECKED; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct serve_state	s;
	uint64_t		accepted[2] = { 0 };
	int			first = dup(STDERR_FILENO);
	size_t			n_open, size;

	close(first);
	n_open = count_open(first);
	begin(&s);
	for (int n = 0; n < RECORDS_MAX && len > 2; n++) {
		int	i = data[0] % PROCESSES;
		size_t	n_fds = data[1] % (FDS_MAX + 1);

		data += 2;
		len -= 2;
		size = i >= SESSIONS ? 1 : len < sizeof(struct serve_request) ?
		    len : sizeof(struct serve_request);
		if (i < SESSIONS && s.client[i].channel != -1) {
			send_record(other_end[i], data, size, n_fds);
			read_session(&s, &s.client[i], other_end[i], accepted);
		} else if (i >= SESSIONS &&
		    s.worker[i - SESSIONS].channel != -1) {
			send_record(other_end[i], data, size, n_fds);
			serve_pool_read(&s, &s.worker[i - SESSIONS]);
			must(s.worker[i - SESSIONS].busy <= 2);
		}
		check_use(&s, accepted);
		serve_pool_dispatch(&s, clock_ms());
		data += size;
		len -= size;
	}
	end(&s);
	check_use(&s, accepted);
	serve_users_free(&s.users);
	must(count_open(first) == n_open);
	return 0;
}
