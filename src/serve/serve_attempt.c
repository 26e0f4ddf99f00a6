#include "serve/serve_attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/commit.h"
#include "queue/last_attempt.h"
#include "serve/serve_channel.h"
#include "serve/serve_outcomes.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/visible.h"

/* A larger message is passed in a file of the spool instead of memory. */
enum { IN_MEMORY_MAX = 1024 * 1024 };

/*
 * In an entry, deferred forward-paths are waiting.  Returns a copy of the
 * outcomes in which those that wait for their turn are not, so that the worker
 * does not send to them; or NULL if there are none.  The copy borrows the
 * texts.
 */
static struct outcome *
hide_paced(const struct outcome *outcomes, size_t n)
{
	struct outcome	*copy = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!outcomes[i].paced)
			continue;
		if (copy == NULL) {
			copy = memory_new(n, sizeof(*copy));
			memcpy(copy, outcomes, n * sizeof(*copy));
		}
		copy[i].kind = OUTCOME_DELIVERED;
	}
	return copy;
}

/* The descriptor of a file that holds the message, or -1 with why. */
static int
write_entry(const struct serve_attempt *s, const struct submit_attempt *a,
    struct failure *why)
{
	struct outcome			*hidden = hide_paced(a->outcomes,
					    a->envelope->n);
	const struct spool_submission	 submission = {
		.envelope = a->envelope,
		.message = a->message,
		.outcomes = hidden != NULL ? hidden : a->outcomes,
		.uid = s->uid,
		.caller = s->caller,
	};
	int	fd = -1;

	if (s->spill != NULL && message_size(a->message) > IN_MEMORY_MAX)
		fd = file_unnamed(s->spill);
	if (fd == -1)
		fd = file_in_memory();
	if (fd == -1) {
		failed_errno(why, EX_TEMPFAIL, "cannot create a temporary "
		    "file");
	} else if (!spool_write(&submission, fd, why)) {
		close(fd);
		fd = -1;
	}
	free(hidden);
	return fd;
}

/* Waits for input; the callback of the interrupt is called meanwhile. */
static void
wait_for_line(int fd, struct interrupt *interrupt)
{
	for (;;) {
		struct pollfd	p[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = interrupt->fd, .events = POLLIN },
		};
		int		ms = (int)interrupt_limit_wait(interrupt, -1);

		if (interrupt_is_known(interrupt))
			p[1].fd = -1;
		if (poll(p, 2, ms) > 0 && p[0].revents != 0)
			return;
		if (p[1].revents != 0 && interrupt_came(interrupt))
			interrupt_call_back(interrupt);
	}
}

/* Reads exactly len octets; false if the other end is closed before. */
static bool
read_line(int fd, void *data, size_t len, struct interrupt *interrupt)
{
	for (size_t done = 0; done < len;) {
		ssize_t	n;

		wait_for_line(fd, interrupt);
		n = read(fd, (char *)data + done, len - done);
		if (n == 0 || (n == -1 && errno != EINTR))
			return false;
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}

/* Reads the rest of the line, as much as is kept. */
static void
read_transcript(int fd, struct buffer *to)
{
	while (to->len < LAST_ATTEMPT_MAX) {
		size_t	room = LAST_ATTEMPT_MAX - to->len;
		ssize_t	n = read(fd, buffer_room(to, room), room);

		if (n == 0 || (n == -1 && errno != EINTR))
			return;
		if (n > 0)
			to->len += (size_t)n;
	}
}

/*
 * Puts the answer of the worker in the place of the waiting outcomes.  Each
 * value becomes one that this process can handle.
 */
static void
merge_outcomes(struct outcome *outcomes, struct outcome *sent, size_t n,
    bool complete)
{
	for (size_t i = 0; i < n; i++) {
		struct outcome	*o = &sent[i];

		if (outcomes[i].kind != OUTCOME_WAITING ||
		    (o->kind == OUTCOME_WAITING && !complete))
			continue;
		if (o->kind != OUTCOME_DELIVERED && o->kind != OUTCOME_FAILED)
			o->kind = OUTCOME_DEFERRED;
		if (o->kind != OUTCOME_DELIVERED && o->status == EX_OK)
			o->status = EX_TEMPFAIL;
		if ((unsigned)o->step > STEP_QUIT)
			o->step = STEP_GREETING;
		o->paced = false;
		outcome_set(&outcomes[i], o);
	}
}

/* The worker has ended before it returned the outcomes. */
static void
set_in_doubt(struct outcome *outcomes, size_t n)
{
	static const struct outcome	lost = { .kind = OUTCOME_DEFERRED,
		.status = EX_TEMPFAIL, .in_doubt = true,
		.text = "the process that was sending the message has ended; "
		    "the smarthost may have accepted it" };

	for (size_t i = 0; i < n; i++)
		if (outcomes[i].kind == OUTCOME_WAITING)
			outcome_set(&outcomes[i], &lost);
}

static bool
read_list(int line, struct outcome *sent, size_t n,
    struct interrupt *interrupt)
{
	size_t	 len;
	char	*data;
	bool	 good;

	if (!read_line(line, &len, sizeof(len), interrupt) ||
	    len > serve_outcomes_size_max(n))
		return false;
	data = memory_resize(NULL, len, 1);
	good = read_line(line, data, len, interrupt) &&
	    serve_outcomes_unpack(sent, n, data, len);
	free(data);
	return good;
}

/* Asks or tells the caller about a connection, if it keeps a record. */
static bool
handle_login(const struct serve_attempt *s, const struct submit_attempt *a,
    int line, bool connected)
{
	const struct relay_callbacks	*cb = a->callbacks;
	struct serve_login		 sent;
	char				 shown[sizeof(sent.text)];
	struct serve_permit		 permit = { .good = true };
	struct relay_login		 login = { .url = sent.url };
	struct failure			 why;

	if (!read_line(line, &sent, sizeof(sent), s->interrupt))
		return false;
	sent.url[sizeof(sent.url) - 1] = '\0';
	sent.user[sizeof(sent.user) - 1] = '\0';
	sent.text[sizeof(sent.text) - 1] = '\0';
	if (sent.has_user)
		login.user = sent.user;
	if (cb == NULL || cb->before_connect == NULL)
		return connected || file_write(line, &permit, sizeof(permit));
	if (connected) {
		failed(&why, EX_TEMPFAIL, "%s", visible_more(shown,
		    sizeof(shown), sent.text, ""));
		if (sent.trouble < 0 || sent.trouble > CONNECTION_TROUBLE_BUSY)
			sent.trouble = CONNECTION_TROUBLE_CONNECT;
		cb->after_connect(cb->login_context, &login,
		    (enum connection_trouble)sent.trouble, &why);
		return true;
	}
	permit.good = cb->before_connect(cb->login_context, &login, &why);
	if (!permit.good)
		strlcpy(permit.text, why.text, sizeof(permit.text));
	return file_write(line, &permit, sizeof(permit));
}

/*
 * The worker does not wait for .before_send and .after_transaction: if they
 * fail, the attempt goes on, and after a crash of the machine, the entry is
 * sent again.  Returns false if the line ends before the result.
 */
static bool
read_outcomes(const struct serve_attempt *s, const struct submit_attempt *a,
    int line, struct outcome *sent)
{
	const struct relay_callbacks	*cb = a->callbacks;
	size_t				 n = a->envelope->n;
	struct failure			 ignored;
	char				 kind;
	bool				 good = true;

	while (good && read_line(line, &kind, 1, s->interrupt)) {
		switch (kind) {
		case SERVE_CONNECT:
		case SERVE_CONNECTED:
			good = handle_login(s, a, line,
			    kind == SERVE_CONNECTED);
			break;
		case SERVE_PROGRESS:
		case SERVE_RESULT:
			good = read_list(line, sent, n, s->interrupt);
			if (!good)
				break;
			merge_outcomes(a->outcomes, sent, n,
			    kind == SERVE_RESULT);
			if (kind == SERVE_RESULT)
				return true;
			if (cb != NULL)
				cb->after_transaction(cb->context, &ignored);
			break;
		default:
			return false;
		}
	}
	return false;
}

static void
follow_attempt(const struct serve_attempt *s, const struct submit_attempt *a,
    int line)
{
	const struct relay_callbacks	*cb = a->callbacks;
	size_t				 n = a->envelope->n;
	struct outcome			*sent = memory_new(n, sizeof(*sent));
	struct failure			 ignored;

	if (cb != NULL)
		cb->before_send(cb->context, &ignored);
	if (read_outcomes(s, a, line, sent) && read_line(line, a->tried,
	    sizeof(*a->tried), s->interrupt)) {
		tried_check(a->tried);
		read_transcript(line, s->transcript);
	} else {
		a->tried->n = 0;
	}
	set_in_doubt(a->outcomes, n);
	outcome_list_free(sent, n);
}

bool
serve_attempt_make(const struct serve_attempt *s,
    const struct submit_attempt *a, struct failure *why)
{
	const struct serve_request	request = { .kind = SERVE_SEND };
	int				fds[SERVE_CHANNEL_FDS] = { -1, -1 };
	int				line[2];
	char				taken;
	bool				good;

	buffer_clear(s->transcript);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, line) == -1)
		return failed_errno(why, EX_TEMPFAIL, "cannot create a socket");
	fds[0] = write_entry(s, a, why);
	fds[1] = line[1];
	good = fds[0] != -1;
	if (good && !serve_channel_send(s->channel, &request,
	    sizeof(request), fds))
		good = failed(why, EX_TEMPFAIL, "the service is stopping");
	close(line[1]);
	if (fds[0] != -1)
		close(fds[0]);
	if (good && (!read_line(line[0], &taken, 1, s->interrupt) ||
	    taken != SERVE_TAKEN))
		good = failed(why, EX_TEMPFAIL, "all connections to the "
		    "smarthost are in use");
	if (good)
		follow_attempt(s, a, line[0]);
	close(line[0]);
	return good;
}
