#include "serve/serve_worker.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "net/resolve.h"
#include "queue/entry.h"
#include "runner/attempt.h"
#include "serve/serve_channel.h"
#include "serve/serve_outcomes.h"
#include "submit/spool_config.h"
#include "util/file.h"
#include "util/interrupt.h"
#include "util/memory.h"

/*
 * If a section limits the connections, an idle worker releases its own before
 * another one gives up waiting for it.
 */
enum { KEEP_SEAT_MS = 500, WAIT_SEAT_MS = 1000 };

/* A worker with more threads of unfinished lookups ends. */
enum { THREADS_MAX = 8 };

/* Shared by all attempts of the worker. */
struct worker_state {
	const struct serve_worker	*worker;
	struct attempt_worker		 w;
	struct worker_attempt		*next;	/* owned; its envelope may have
						 * been sent; NULL: none */
};

/* An attempt, and the line on which its session waits. */
struct worker_attempt {
	struct worker_state	*state;
	struct entry		 entry;
	bool			 good;		/* the entry is valid */
	int			 line;
	struct outcome		*outcomes;	/* owned */
	size_t			 n;
};

static bool
send_outcomes(const struct worker_attempt *a, char kind)
{
	struct buffer	packed = { 0 };
	bool		good;

	serve_outcomes_pack(&packed, a->outcomes, a->n);
	good = file_write(a->line, &kind, 1) &&
	    file_write(a->line, &packed.len, sizeof(packed.len)) &&
	    file_write(a->line, packed.data, packed.len);
	buffer_free(&packed);
	return good;
}

static bool
before_send(void *context, struct failure *why)
{
	(void)context;
	(void)why;
	return true;
}

static bool
tell_service(const struct serve_worker *worker, enum serve_worker_word word)
{
	const char	octet = (char)word;

	return serve_channel_send(worker->channel, &octet, 1, NULL);
}

/* Takes over the descriptors of a message. */
static struct worker_attempt *
open_attempt(struct worker_state *state, const int fds[SERVE_CHANNEL_FDS])
{
	struct worker_attempt	*a = memory_new(1, sizeof(*a));
	struct failure		 why;

	a->state = state;
	a->line = fds[1];
	a->good = entry_adopt(&a->entry, "message", fds[0], &why);
	if (!a->good) {
		log_line(state->w.log, LOG_ERR, "%s", why.text);
		return a;
	}
	a->n = a->entry.file.envelope.n;
	a->outcomes = outcome_list_copy(a->entry.file.outcomes, a->n);
	return a;
}

static void
close_attempt(struct worker_attempt *a)
{
	outcome_list_free(a->outcomes, a->n);
	entry_close(&a->entry);
	close(a->line);
	free(a);
}

/* Asks the service for the next message.  The service replies at once. */
static bool
take_next(void *context, struct relay_next *to)
{
	const struct worker_attempt	*a = context;
	struct worker_state		*state = a->state;
	const struct serve_worker	*worker = state->worker;
	int				 fds[SERVE_CHANNEL_FDS];
	struct worker_attempt		*next;
	char				 octet;

	if (state->next != NULL || worker->waiting == NULL ||
	    !atomic_load(worker->waiting) ||
	    !tell_service(worker, SERVE_NEXT) ||
	    serve_channel_receive(worker->channel, &octet, 1, fds) <= 0 ||
	    fds[0] == -1)
		return false;
	/* If descriptors are lacking, only the first one arrives. */
	if (fds[1] == -1) {
		close(fds[0]);
		tell_service(worker, SERVE_DONE);
		return false;
	}
	next = state->next = open_attempt(state, fds);
	*to = (struct relay_next){ .envelope = &next->entry.file.envelope,
	    .message = &next->entry.message, .outcomes = next->outcomes,
	    .user = attempt_user(&state->w, &next->entry) };
	return next->good;
}

/* The session reads the end of the line, and queues the message. */
static void
leave_next(void *context)
{
	const struct worker_attempt	*a = context;
	struct worker_state		*state = a->state;

	relay_forget_next(&state->w.relay);
	close_attempt(state->next);
	state->next = NULL;
	tell_service(state->worker, SERVE_LATE);
}

/* A session that has ended cannot record the outcomes. */
static bool
after_transaction(void *context, struct failure *why)
{
	const struct worker_attempt	*a = context;
	bool				 waiting = false;

	for (size_t i = 0; i < a->n; i++)
		waiting |= a->outcomes[i].kind == OUTCOME_WAITING;
	return !waiting || send_outcomes(a, SERVE_PROGRESS) ||
	    failed_errno(why, EX_TEMPFAIL, "the session has ended");
}

static void
set_login(struct serve_login *to, const struct relay_login *login)
{
	*to = (struct serve_login){ .has_user = login->user != NULL };
	strlcpy(to->url, login->url, sizeof(to->url));
	if (login->user != NULL)
		strlcpy(to->user, login->user, sizeof(to->user));
}

static bool
send_login(const struct worker_attempt *a, char kind,
    const struct serve_login *login)
{
	return file_write(a->line, &kind, 1) &&
	    file_write(a->line, login, sizeof(*login));
}

static bool
before_connect(void *context, const struct relay_login *login,
    struct failure *why)
{
	const struct worker_attempt	*a = context;
	struct serve_login		 sent;
	struct serve_permit		 permit;

	set_login(&sent, login);
	if (!send_login(a, SERVE_CONNECT, &sent) || recv(a->line, &permit,
	    sizeof(permit), MSG_WAITALL) != (ssize_t)sizeof(permit))
		return failed(why, EX_TEMPFAIL, "the session has ended");
	permit.text[sizeof(permit.text) - 1] = '\0';
	return permit.good || failed(why, EX_TEMPFAIL, "%s", permit.text);
}

static void
after_connect(void *context, const struct relay_login *login,
    enum connection_trouble trouble, const struct failure *why)
{
	const struct worker_attempt	*a = context;
	struct serve_login		 sent;

	set_login(&sent, login);
	sent.trouble = (int)trouble;
	if (trouble != CONNECTION_TROUBLE_NONE)
		strlcpy(sent.text, why->text, sizeof(sent.text));
	send_login(a, SERVE_CONNECTED, &sent);
}

/*
 * If a recipient failed, the transcript follows the outcomes, until the end of
 * the line.
 */
static void
send_transcript(const struct attempt_worker *w, const struct worker_attempt *a)
{
	struct buffer	text = { 0 };
	bool		failed = false;

	for (size_t i = 0; i < a->n; i++)
		failed |= a->outcomes[i].kind == OUTCOME_FAILED;
	if (!failed)
		return;
	session_log_write(&text, &w->dialogue);
	if (text.len > 0)
		file_write(a->line, text.data, text.len);
	buffer_free(&text);
}

/*
 * Makes one attempt, and writes the outcomes to the line.  A session that
 * has ended does not read them: its client was not told that the message was
 * accepted.  After a signal, nothing is written: the session queues the
 * message, which is due at once.
 */
static void
make_attempt(struct worker_attempt *a)
{
	const char		 taken = SERVE_TAKEN;
	struct attempt_worker	*w = &a->state->w;
	struct relay_callbacks	 callbacks = { .before_send = before_send,
				    .after_transaction = after_transaction,
				    .next = take_next, .next_late = leave_next,
				    .context = a,
				    .before_connect = before_connect,
				    .after_connect = after_connect,
				    .login_context = a };

	if (!a->good || interrupt_came(w->relay.interrupt) ||
	    !file_write(a->line, &taken, 1)) {
		relay_forget_next(&w->relay);
		return;
	}
	attempt_send(w, &a->entry, &callbacks, a->outcomes);
	if (send_outcomes(a, SERVE_RESULT) && file_write(a->line,
	    &w->relay.tried, sizeof(w->relay.tried)))
		send_transcript(w, a);
}

/*
 * Makes the attempt for a message, then for the message that was taken during
 * that attempt, and so on.  Returns false if the worker must end.
 */
static bool
work_on(struct worker_state *state, const int fds[SERVE_CHANNEL_FDS])
{
	struct worker_attempt	*a;
	bool			 good = true;

	/* If descriptors are lacking, only the first one arrives. */
	if (fds[1] == -1) {
		if (fds[0] != -1)
			close(fds[0]);
		return tell_service(state->worker, SERVE_DONE);
	}
	for (a = open_attempt(state, fds); a != NULL; a = state->next) {
		state->next = NULL;
		make_attempt(a);
		close_attempt(a);
		good = (state->next != NULL ||
		    (resolve_threads() <= THREADS_MAX &&
		    !relay_is_broken(&state->w.relay))) &&
		    tell_service(state->worker, SERVE_DONE);
	}
	return good;
}

/*
 * Waits for a message.  Returns false if there will be none: the service has
 * closed the channel, or a signal came.
 */
static bool
wait_for_entry(struct relay *relay, int channel, int fds[SERVE_CHANNEL_FDS])
{
	struct pollfd	p[] = {
		{ .fd = channel, .events = POLLIN },
		{ .fd = relay->interrupt->fd, .events = POLLIN },
	};
	char		octet;

	for (;;) {
		int	n = poll(p, 2, !relay->connection.is_open ? -1 :
			    relay->seats.taken != 0 ? KEEP_SEAT_MS :
			    SERVE_WORKER_KEEP_MS);

		if (n == 0)
			relay_rest(relay);
		if (n == -1 && errno != EINTR)
			return false;
		if (n > 0 && interrupt_came(relay->interrupt))
			return false;
		if (n > 0 && p[0].revents != 0)
			return serve_channel_receive(channel, &octet, 1,
			    fds) > 0;
	}
}

void
serve_worker_run(const struct serve_worker *worker)
{
	const struct sandbox	 sandbox = spool_config_sandbox(NULL);
	struct worker_state	 state = { .worker = worker, .w = {
				    .config = worker->config,
				    .me = worker->me, .log = worker->log } };
	struct relay		*relay = &state.w.relay;
	struct interrupt	 interrupt;
	int			 fds[SERVE_CHANNEL_FDS];

	interrupt_hold(&interrupt);
	attempt_worker_begin(&state.w, NULL);
	/* Each client is waiting for an attempt of its own. */
	relay->remember_failures = false;
	relay->interrupt = &interrupt;
	relay->seats = (struct seats){ .file = worker->seats,
	    .wait_ms = WAIT_SEAT_MS };
	relay_confine(relay, &sandbox);
	while (wait_for_entry(relay, worker->channel, fds) &&
	    work_on(&state, fds))
		continue;
	attempt_worker_end(&state.w);
}
