#include "serve/serve_pool.h"

#include <sys/mman.h>

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

void
serve_pool_begin(struct serve_state *s)
{
	void	*shared = mmap(NULL, sizeof(*s->waiting), PROT_READ |
		    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	s->waiting = shared != MAP_FAILED ? shared : NULL;
}

/* Call this after the number of messages has changed. */
static void
tell_workers(struct serve_state *s)
{
	if (s->waiting != NULL)
		atomic_store(s->waiting, s->n_messages > 0);
}

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
		n += s->worker[i].busy > 0;
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
	tell_workers(s);
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
	tell_workers(s);
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
				    .waiting = s->waiting,
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
		if (s->worker[i].busy == 0 && !s->worker[i].outdated &&
		    s->worker[i].channel != -1)
			return &s->worker[i];
	return NULL;
}

/* Passes the oldest message; false if the worker has ended. */
static bool
pass_message(struct serve_state *s, struct serve_pool_worker *w)
{
	const char	octet = 0;

	if (!serve_channel_send(w->channel, &octet, 1, s->message[0].fds)) {
		serve_state_close(&w->channel);
		return false;
	}
	w->busy++;
	remove_oldest(s);
	return true;
}

void
serve_pool_dispatch(struct serve_state *s, int64_t now)
{
	while (s->n_messages > 0 && serve_pool_count_busy(s) < workers_max(s)) {
		struct serve_pool_worker	*w = idle_worker(s);

		if (w == NULL && s->n_workers < workers_max(s) &&
		    start_worker(s))
			w = idle_worker(s);
		if (w == NULL)
			break;
		pass_message(s, w);
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

		if (w->channel == -1 || w->busy > 0)
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

		if (w->busy == 0 && w->channel != -1 && (next == -1 || end < next))
			next = end;
	}
	return next;
}

/*
 * Replies to SERVE_NEXT with a message, or with none: if another worker can take
 * the message at once, it need not wait for the reply to the one before it.  If
 * a queue run waits for connections, the worker ends when it is idle.
 */
static void
answer_next(struct serve_state *s, struct serve_pool_worker *w)
{
	const char	none = 0;

	if (s->n_messages > 0 && w->busy == 1 && !w->outdated && !s->stopping &&
	    serve_pool_count_busy(s) >= workers_max(s) &&
	    serve_pool_may_run(s))
		pass_message(s, w);
	else if (!serve_channel_send(w->channel, &none, 1, NULL))
		serve_state_close(&w->channel);
}

void
serve_pool_read(struct serve_state *s, struct serve_pool_worker *w)
{
	char	word;

	if (serve_channel_receive(w->channel, &word, 1, NULL) <= 0) {
		serve_state_close(&w->channel);
		return;
	}
	if (word == SERVE_NEXT) {
		answer_next(s, w);
		return;
	}
	if (word == SERVE_LATE)
		s->run_due = s->spool.directory != NULL;
	if (w->busy > 0)
		w->busy--;
	w->idle_since = clock_ms();
}

bool
serve_pool_reap(struct serve_state *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_workers; i++)
		if (s->worker[i].pid == pid) {
			/*
			 * If the worker has crashed, the session of its next
			 * message queues this message.
			 */
			if (s->worker[i].busy > 1)
				s->run_due = s->spool.directory != NULL;
			serve_state_close(&s->worker[i].channel);
			s->worker[i] = s->worker[--s->n_workers];
			return true;
		}
	return false;
}
