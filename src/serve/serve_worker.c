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
#include "submit/spool_config.h"
#include "util/file.h"
#include "util/interrupt.h"
#include "util/memory.h"

/*
 * If a section limits the connections, an idle worker releases its own before
 * another one gives up waiting for it.
 */
enum { KEEP_SEAT_MS = 500, WAIT_SEAT_MS = 1000 };

/* A worker with more threads of unfinished look-ups ends. */
enum { THREADS_MAX = 8 };

/* An attempt, and the line on which its session waits. */
struct worker_attempt {
	int		 line;
	struct outcome	*outcomes;
	size_t		 n;
};

static bool
send_outcomes(const struct worker_attempt *a, char kind)
{
	return file_write(a->line, &kind, 1) &&
	    file_write(a->line, a->outcomes, a->n * sizeof(*a->outcomes));
}

static bool
before_send(void *context, struct failure *why)
{
	(void)context;
	(void)why;
	return true;
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
 * accepted.
 */
static void
send_entry(struct attempt_worker *w, int fd, int line)
{
	const char		 taken = SERVE_TAKEN;
	struct entry		 entry;
	struct worker_attempt	 a = { .line = line };
	struct relay_callbacks	 callbacks = { .before_send = before_send,
				    .after_transaction = after_transaction,
				    .context = &a,
				    .before_connect = before_connect,
				    .after_connect = after_connect,
				    .login_context = &a };
	struct failure		 why;

	if (!entry_adopt(&entry, "message", fd, &why)) {
		log_line(w->log, LOG_ERR, "%s", why.text);
	} else if (file_write(line, &taken, 1)) {
		a.n = entry.file.envelope.n;
		a.outcomes = memory_new(a.n, sizeof(*a.outcomes));
		memcpy(a.outcomes, entry.file.outcomes,
		    a.n * sizeof(*a.outcomes));
		attempt_send(w, &entry, &callbacks, a.outcomes);
		if (send_outcomes(&a, SERVE_RESULT) && file_write(line,
		    &w->relay.tried, sizeof(w->relay.tried)))
			send_transcript(w, &a);
		free(a.outcomes);
	}
	entry_close(&entry);
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
	const struct sandbox	sandbox = spool_config_sandbox(NULL);
	const char		idle = 0;
	struct attempt_worker	w = { .config = worker->config,
				    .me = worker->me, .log = worker->log };
	struct interrupt	interrupt;
	int			fds[SERVE_CHANNEL_FDS];

	interrupt_hold(&interrupt);
	attempt_worker_begin(&w, NULL);
	/* Each client is waiting for an attempt of its own. */
	w.relay.remember_failures = false;
	w.relay.interrupt = &interrupt;
	w.relay.seats = (struct seats){ .file = worker->seats,
	    .wait_ms = WAIT_SEAT_MS };
	relay_confine(&w.relay, &sandbox);
	while (wait_for_entry(&w.relay, worker->channel, fds)) {
		/* Only the first one arrives if there is a lack of them. */
		if (fds[1] != -1)
			send_entry(&w, fds[0], fds[1]);
		else if (fds[0] != -1)
			close(fds[0]);
		close(fds[1]);
		if (resolve_threads() > THREADS_MAX || !serve_channel_send(
		    worker->channel, &idle, 1, NULL))
			break;
	}
	attempt_worker_end(&w);
}
