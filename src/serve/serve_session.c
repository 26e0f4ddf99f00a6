#include "serve/serve_session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "config/identity.h"
#include "net/stream.h"
#include "queue/commit.h"
#include "queue/last_attempt.h"
#include "serve/serve_attempt.h"
#include "serve/serve_channel.h"
#include "serve/serve_queue.h"
#include "serve/serve_users.h"
#include "smtpd/smtpd_submit.h"
#include "submit/service_protocol.h"
#include "submit/submit.h"
#include "util/file.h"
#include "util/interrupt.h"
#include "util/memory.h"
#include "util/visible.h"

/* A session, for the callbacks of smtpd_submit(). */
struct serve_context {
	const struct serve_session	*session;
	const struct submit_options	*options;
	struct mail_log_client		 client;
	char				 who[200];	/* the client, for the
							 * log */
	struct buffer			 transcript; /* from the worker */
	bool				 entries; /* XRELAIS ENTRIES, */
	char				 id[ID_SIZE]; /* its ID, or "" */
};

/*
 * The name of the program that called sendmail: the client itself, or the
 * parent of a client that is relais.  Only for the log: a program can choose
 * its own name.
 */
static void
find_caller(const struct serve_peer *peer, char *to, size_t size)
{
	static const char *const	ours[] = { "sendmail", "relais",
		"send-mail", "mailq", "newaliases", "postqueue" };
	char	path[64], text[256] = "", name[64] = "";
	long	pid = (long)peer->pid;
	bool	again;

	strlcpy(to, "?", size);
	do {
		FILE	*f;

		again = false;
		snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
		f = fopen(path, "re");
		if (f == NULL)
			return;
		/* "812 (php-fpm8.2) S 700 ...": the name may contain ")". */
		if (fgets(text, sizeof(text), f) != NULL) {
			char	*first = strchr(text, '(');
			char	*last = strrchr(text, ')');
			long	 parent = 0;

			if (first != NULL && last != NULL && last > first) {
				*last = '\0';
				strlcpy(name, first + 1, sizeof(name));
				sscanf(last + 1, " %*c %ld", &parent);
			}
			for (size_t i = 0; pid == (long)peer->pid &&
			    i < sizeof(ours) / sizeof(*ours); i++)
				again |= strcmp(name, ours[i]) == 0;
			again &= parent > 1;
			pid = parent;
		}
		fclose(f);
	} while (again);
	strlcpy(to, name, size);
}

static bool
attempt_by_worker(void *context, const struct submit_attempt *attempt,
    struct failure *why)
{
	struct serve_context	*s = context;
	struct serve_attempt	 how = {
		.channel = s->session->channel,
		.spill = s->session->spool->spill,
		.uid = s->options->uid,
		.caller = s->options->me->user,
		.interrupt = s->options->interrupt,
		.transcript = &s->transcript,
	};

	return serve_attempt_make(&how, attempt, why);
}

/* Asks the service; returns the seconds to wait, or 0. */
static int64_t
ask_service(const struct serve_context *s, const struct serve_request *r)
{
	int64_t	answer;

	if (!serve_channel_send(s->session->channel, r, sizeof(*r), NULL) ||
	    serve_channel_receive(s->session->channel, &answer,
	    sizeof(answer), NULL) != (ssize_t)sizeof(answer))
		return 0;
	return answer;
}

/* Refuses MAIL if the user has sent as many messages as limit allows. */
static bool
check_limit(void *context, struct smtpd_reply *reply)
{
	const struct serve_context	*s = context;
	const struct config_subject	 subject = {
		.user = s->options->me->user,
	};
	struct serve_request		 r = { .kind = SERVE_CHECK };
	char				 who[300] = "TCP clients have";
	int64_t				 period_ms;
	int64_t				 wait;

	if (!config_rate(s->session->config, &subject, KEY_LIMIT, &r.limit,
	    &period_ms))
		return true;
	r.period_s = period_ms / 1000;
	wait = ask_service(s, &r);
	if (wait <= 0)
		return true;
	if (s->session->peer.is_known)
		snprintf(who, sizeof(who), "the user %s has",
		    s->options->me->user);
	smtpd_reply_set(reply, 450, "4.7.1", "Error: %s sent %llu message%s, "
	    "as many as allowed; try again in %lld %s", who,
	    (unsigned long long)r.limit, r.limit == 1 ? "" : "s",
	    (long long)(wait > 120 ? (wait + 59) / 60 : wait),
	    wait > 120 ? "minutes" : "seconds");
	return false;
}

static void
end_message(void *context, bool accepted)
{
	const struct serve_context	*s = context;
	const struct serve_request	 r = { .kind = accepted ?
					    SERVE_ACCEPTED : SERVE_REFUSED };

	serve_channel_send(s->session->channel, &r, sizeof(r), NULL);
}

/* The new entry is a new message of the user. */
static void
command_release(struct serve_context *s, const char *id,
    struct smtpd_reply *reply)
{
	const struct serve_session	*session = s->session;
	const struct serve_queue	 queue = { .spool = session->spool,
					    .uid = session->peer.uid,
					    .id = id };
	struct service_release		 release = {
		.why = { .status = EX_OK },
	};
	struct buffer			 text = { 0 };
	bool				 good;

	if (!check_limit(s, reply))
		return;
	good = serve_queue_release(&queue, session->config, s->options->me,
	    release.id, &release.why);
	end_message(s, good);
	service_release_write(&text, &release);
	smtpd_reply_set(reply, 250, "2.0.0", "%s", text.data);
	log_entry(session->log, good ? LOG_INFO : LOG_NOTICE, id, " %s: %s",
	    s->who, text.data);
	buffer_free(&text);
}

static void
command_about(const struct serve_context *s, struct smtpd_reply *reply)
{
	const struct service_about	about = { VERSION,
					    s->session->config->changed_us };
	struct buffer			text = { 0 };

	service_about_write(&text, &about);
	smtpd_reply_set(reply, 250, "2.0.0", "%s", text.data);
	buffer_free(&text);
}

/* XRELAIS ABOUT, COUNT, ENTRIES, RELEASE and RUN. */
static bool
queue_command(void *context, char *text, struct smtpd_reply *reply)
{
	struct serve_context		*s = context;
	const struct serve_request	 run = { .kind = SERVE_RUN };
	struct buffer			 counts = { 0 };
	struct failure			 why;
	int64_t				 wait;

	if (strcasecmp(text, "ABOUT") == 0) {
		command_about(s, reply);
	} else if (strcasecmp(text, "COUNT") == 0) {
		if (serve_queue_count(&counts, s->session->spool, &why))
			smtpd_reply_set(reply, 250, "2.0.0", "%s",
			    counts.data);
		else
			smtpd_reply_failure(reply, &why);
		buffer_free(&counts);
	} else if (strcasecmp(text, "ENTRIES") == 0 ||
	    (strncasecmp(text, "ENTRIES ", 8) == 0 &&
	    id_is_valid(text + 8))) {
		s->entries = true;
		if (text[7] != '\0')
			strlcpy(s->id, text + 8, sizeof(s->id));
		smtpd_reply_set(reply, 250, "2.0.0", "Entries follow");
		return false;
	} else if (strncasecmp(text, "RELEASE ", 8) == 0 &&
	    id_is_valid(text + 8)) {
		command_release(s, text + 8, reply);
	} else if (strcasecmp(text, "RUN") == 0) {
		wait = ask_service(s, &run);
		if (wait <= 0)
			smtpd_reply_set(reply, 250, "2.0.0", "Ok");
		else
			smtpd_reply_set(reply, 450, "4.7.1", "Error: a queue "
			    "run was requested less than %d seconds ago; try "
			    "again in %lld seconds", SERVE_USERS_RUN_S,
			    (long long)wait);
	} else {
		smtpd_reply_set(reply, 504, "5.5.4", "Error: unknown private "
		    "command");
	}
	return true;
}

/*
 * Returns whether the process can serve another client: the service was told
 * so before the present client can notice the end of the session.
 */
static bool
serve_client(struct serve_context *state, struct submit *submit)
{
	const struct serve_session	*session = state->session;
	const struct smtpd_submit_options how = {
		.submit = submit,
		.idle_ms = SERVE_SESSION_IDLE_MS,
		.mail = check_limit,
		.ended = end_message,
		.private_commands = session->peer.is_known,
		.command = queue_command,
		.context = state,
	};
	struct serve_queue	 queue = {
		.spool = session->spool,
		.uid = session->peer.uid,
	};
	const struct serve_request idle = { .kind = SERVE_IDLE };
	struct stream		 stream;
	struct failure		 why;
	bool			 good;

	state->entries = false;
	state->id[0] = '\0';
	stream_open(&stream, session->client);
	good = smtpd_submit(&stream, &how, &why);
	if (!good)
		log_line(session->log, LOG_INFO, "%s: %s", state->who,
		    why.text);
	if (state->entries) {
		queue.id = state->id[0] != '\0' ? state->id : NULL;
		stream_set_wait_timeout(&stream, SERVE_SESSION_IDLE_MS);
		good = serve_queue_send(&queue, &stream, &why);
		if (!good)
			log_line(session->log, LOG_INFO, "%s: the list of "
			    "entries is incomplete: %s", state->who, why.text);
	}
	good = good && session->peer.is_known && serve_channel_send(
	    session->channel, &idle, sizeof(idle), NULL);
	stream_close(&stream);
	return good;
}

/* Waits for another client of the same user; false if there will be none. */
static bool
next_client(struct serve_session *session, struct interrupt *interrupt)
{
	struct pollfd	p[] = {
		{ .fd = session->channel, .events = POLLIN },
		{ .fd = interrupt->fd, .events = POLLIN },
	};
	int		fds[SERVE_CHANNEL_FDS];

	while (poll(p, 2, -1) == -1)
		if (errno != EINTR)
			return false;
	if (interrupt_came(interrupt) || serve_channel_receive(
	    session->channel, &session->peer, sizeof(session->peer), fds) !=
	    (ssize_t)sizeof(session->peer) || fds[0] == -1)
		return false;
	session->client = fds[0];
	return true;
}

static void
describe_client(struct serve_context *state)
{
	const struct serve_peer	*peer = &state->session->peer;
	char			 program[120];

	if (!peer->is_known) {
		strlcpy(state->who, "a TCP client", sizeof(state->who));
		return;
	}
	state->client.pid = (long)peer->pid;
	find_caller(peer, state->client.program,
	    sizeof(state->client.program));
	snprintf(state->who, sizeof(state->who), "uid=%lu pid=%ld program=%s",
	    (unsigned long)peer->uid, state->client.pid,
	    visible_word(program, sizeof(program), state->client.program));
}

void
serve_session_run(const struct serve_session *first)
{
	struct serve_session	 session = *first;
	struct serve_context	 state = { .session = &session };
	struct identity		 me;
	struct interrupt	 interrupt;
	struct submit		 submit;
	struct submit_options	 options = {
		.mode = SUBMIT_NOW,
		.config = session.config,
		.me = &me,
		.uid = session.peer.uid,
		.log = session.log,
		.interrupt = &interrupt,
		.client = session.peer.is_known ? &state.client : NULL,
		.attempt = attempt_by_worker,
		.context = &state,
		.transcript = &state.transcript,
	};

	state.options = &options;
	interrupt_hold(&interrupt);
	identity_find_user(&me, session.config, session.peer.uid, NULL);
	smtpd_submit_open(&submit, &options);
	do
		describe_client(&state);
	while (serve_client(&state, &submit) &&
	    next_client(&session, &interrupt));
	submit_close(&submit);
	buffer_free(&state.transcript);
	identity_free(&me);
}
