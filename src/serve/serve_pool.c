#include "serve/serve_pool.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "serve/serve_worker.h"
#include "util/clock.h"
#include "util/memory.h"

enum {
	WAIT_MS = 1000,			/* a message waits for a worker */
	WORKER_IDLE_MS = 60 * 1000,	/* until a worker is ended */
};

size_t
serve_pool_run_connections(const struct serve_state *s)
{
	return s->connections > 1 ? s->connections / 2 : 1;
}

static size_t
workers_max(const struct serve_state *s)
{
	return s->runner != 0 || s->run_now || s->run_due ?
	    s->connections - serve_pool_run_connections(s) : s->connections;
}

bool
serve_pool_may_run(const struct serve_state *s)
{
	return s->n_workers <= workers_max(s);
}

size_t
serve_pool_count_busy(const struct serve_state *s)
{
	size_t	n = 0;

	for (size_t i = 0; i < s->n_workers; i++)
		n += s->worker[i].busy;
	return n;
}

void
serve_pool_add(struct serve_state *s, const int fds[SERVE_CHANNEL_FDS])
{
	struct serve_pool_message	m = { .deadline = clock_ms() + WAIT_MS };

	memcpy(m.fds, fds, sizeof(m.fds));
	s->message = memory_room(s->message, s->n_messages, &s->messages_cap,
	    sizeof(m));
	s->message[s->n_messages++] = m;
}

/*
 * Closes the descriptors of the oldest message.  If no worker has them, the
 * session reads the end of the line, and queues the message.
 */
static void
remove_oldest(struct serve_state *s)
{
	for (size_t i = 0; i < SERVE_CHANNEL_FDS; i++)
		serve_state_close(&s->message[0].fds[i]);
	memmove(&s->message[0], &s->message[1], --s->n_messages *
	    sizeof(*s->message));
}

/* Starts a worker; false if that is not possible. */
static bool
start_worker(struct serve_state *s)
{
	int			channel;
	pid_t			pid = serve_state_fork(s, &channel);
	struct serve_worker	w = { .config = s->config, .me = &s->me,
				    .log = s->options->log,
				    .channel = channel,
				    .seats = s->seats };

	if (pid == 0) {
		serve_worker_run(&w);
		_exit(EX_OK);
	}
	if (pid == -1)
		return false;
	s->worker = memory_room(s->worker, s->n_workers, &s->workers_cap,
	    sizeof(*s->worker));
	s->worker[s->n_workers++] = (struct serve_pool_worker){ .pid = pid,
	    .channel = channel, .idle_since = clock_ms() };
	return true;
}

static struct serve_pool_worker *
idle_worker(struct serve_state *s)
{
	for (size_t i = 0; i < s->n_workers; i++)
		if (!s->worker[i].busy && !s->worker[i].outdated &&
		    s->worker[i].channel != -1)
			return &s->worker[i];
	return NULL;
}

void
serve_pool_dispatch(struct serve_state *s, int64_t now)
{
	const char	octet = 0;

	while (s->n_messages > 0 && serve_pool_count_busy(s) < workers_max(s)) {
		struct serve_pool_worker	*w = idle_worker(s);

		if (w == NULL && s->n_workers < workers_max(s) &&
		    start_worker(s))
			w = idle_worker(s);
		if (w == NULL)
			break;
		if (!serve_channel_send(w->channel, &octet, 1,
		    s->message[0].fds)) {
			serve_state_close(&w->channel);
			continue;
		}
		w->busy = true;
		remove_oldest(s);
	}
	while (s->n_messages > 0 &&
	    (s->stopping || s->message[0].deadline <= now)) {
		remove_oldest(s);
		s->run_due = s->spool.directory != NULL;
	}
}

void
serve_pool_end_idle(struct serve_state *s, int64_t now)
{
	size_t	n = s->n_workers, max = workers_max(s);

	for (size_t i = 0; i < s->n_workers; i++) {
		struct serve_pool_worker	*w = &s->worker[i];

		if (w->channel == -1 || w->busy)
			continue;
		if (s->stopping || w->outdated || n > max ||
		    now - w->idle_since >= WORKER_IDLE_MS) {
			serve_state_close(&w->channel);
			n--;
		}
	}
}

int64_t
serve_pool_next(const struct serve_state *s)
{
	int64_t	next = s->n_messages > 0 ? s->message[0].deadline : -1;

	for (size_t i = 0; i < s->n_workers; i++) {
		const struct serve_pool_worker	*w = &s->worker[i];
		int64_t				 end = w->idle_since +
						    WORKER_IDLE_MS;

		if (!w->busy && w->channel != -1 && (next == -1 || end < next))
			next = end;
	}
	return next;
}

void
serve_pool_read(struct serve_pool_worker *w)
{
	char	octet;

	if (serve_channel_receive(w->channel, &octet, 1, NULL) <= 0) {
		serve_state_close(&w->channel);
		return;
	}
	w->busy = false;
	w->idle_since = clock_ms();
}

bool
serve_pool_reap(struct serve_state *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_workers; i++)
		if (s->worker[i].pid == pid) {
			serve_state_close(&s->worker[i].channel);
			s->worker[i] = s->worker[--s->n_workers];
			return true;
		}
	return false;
}
