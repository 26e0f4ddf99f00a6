#include "submit/service.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

#include "mail/address.h"
#include "mail/recipients.h"
#include "relay/delivery.h"
#include "smtp/session.h"
#include "submit/service_protocol.h"
#include "util/clock.h"
#include "util/interrupt.h"
#include "util/memory.h"

enum {
	BUSY_MS = 60 * 1000,	/* wait for a service that is busy */
	PAUSE_MS = 50,		/* before the second attempt; doubles, */
	PAUSE_MAX_MS = 2000,	/* up to this */
	REPLY_MAX = 64 * 1024,	/* octets */

	/*
	 * For each step.  The service replies when its own attempt has ended,
	 * however long that takes; so this is only for one that hangs.
	 */
	TIMEOUT_MS = 60 * 60 * 1000,
};

const char *
service_path(const struct config *config, struct failure *why)
{
	static const enum config_key	harmless[] = { KEY_LOG,
		KEY_LOG_ADDRESSES, KEY_IGNORE_DOTS, KEY_TIMEOUT,
		KEY_MESSAGE_SIZE_LIMIT, KEY_QUEUE };
	const char			*path = config_text(config, NULL,
					    KEY_SOCKET);

	*why = (struct failure){ 0 };
	if (strcmp(path, "off") == 0)
		return NULL;
	/* The service would run the program again and again. */
	if (delivery_is_nested()) {
		failed(why, EX_NOPERM, "this message is sent by a program that "
		    "relais runs as a smarthost");
		return NULL;
	}
	if (config_find(config, NULL, KEY_SOCKET) != NULL)
		return path;
	if (config->path != NULL &&
	    strcmp(config->path, config_system_file()) != 0) {
		failed(why, EX_NOPERM, "it does not read %s", config->path);
		return NULL;
	}
	for (const struct section *s = config->first; s != NULL; s = s->next) {
		if (s->kind != SECTION_OVERRIDE &&
		    s->kind != SECTION_ENVIRONMENT)
			continue;
		for (int k = 0; k < CONFIG_KEYS; k++) {
			bool	known = s->setting[k] == NULL;

			for (size_t i = 0; !known &&
			    i < sizeof(harmless) / sizeof(*harmless); i++)
				known = (int)harmless[i] == k;
			if (known)
				continue;
			failed(why, EX_NOPERM, "it does not know the setting "
			    "of %s", s->setting[k]->origin);
			return NULL;
		}
	}
	return path;
}

const char *
service_own_name(void)
{
	const char	*name = secure_getenv("NAME");

	return name != NULL && name[0] != '\0' &&
	    strlen(name) <= SERVICE_NAME_MAX ? name : NULL;
}

/* --------------------------------------------------------------- connecting */

/* Attempts while the service is busy, with pauses of a random length. */
struct service_backoff {
	int64_t	until;
	int64_t	pause;
};

static bool
wait_while_busy(struct service_backoff *b)
{
	int64_t	ms;

	if (b->pause == 0) {
		b->until = clock_ms() + BUSY_MS;
		b->pause = PAUSE_MS;
	}
	ms = b->pause / 2 + arc4random() % ((uint32_t)b->pause / 2 + 1);
	if (clock_ms() + ms > b->until)
		return false;
	poll(NULL, 0, (int)ms);
	b->pause = b->pause * 2 < PAUSE_MAX_MS ? b->pause * 2 : PAUSE_MAX_MS;
	return true;
}

static enum service_answer
connect_socket(const char *path, int *fd, struct failure *why)
{
	struct sockaddr_un	to = { .sun_family = AF_UNIX };
	enum service_answer	answer = SERVICE_DOWN;

	if (strlcpy(to.sun_path, path, sizeof(to.sun_path)) >=
	    sizeof(to.sun_path)) {
		failed(why, EX_CONFIG, "%s: the path is too long for a Unix "
		    "socket", path);
		return SERVICE_DOWN;
	}
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd != -1 && connect(*fd, (struct sockaddr *)&to,
	    sizeof(to)) == 0)
		return SERVICE_ACCEPTED;
	if (errno == ENOENT || errno == ENOTDIR)
		answer = SERVICE_ABSENT;
	else if (errno == EAGAIN)	/* the backlog is full */
		answer = SERVICE_BUSY;
	failed_errno(why, EX_TEMPFAIL, "%s: cannot connect to the relais "
	    "service", path);
	if (*fd != -1)
		close(*fd);
	return answer;
}

/* Appends the lines of a reply. */
static bool
read_reply(struct stream *s, struct buffer *reply, struct failure *why)
{
	size_t	line;

	do {
		line = reply->len;
		if (line > REPLY_MAX)
			return failed(why, EX_TEMPFAIL, "a reply of the relais "
			    "service is too long");
		switch (stream_read_line(s, reply, 4096, NULL, why)) {
		case STREAM_LINE:
			buffer_add(reply, "\r\n", 2);
			break;
		case STREAM_CLOSED:
		case STREAM_LONG:
			return failed(why, EX_TEMPFAIL, "the relais service "
			    "closed the connection");
		case STREAM_FAILED:
			return false;
		}
	} while (reply->len - line > 5 && reply->data[line + 3] == '-');
	return true;
}

static enum service_answer
begin_session(int fd, const struct service_options *options,
    struct buffer *greeting, struct failure *why)
{
	struct stream		s;
	struct buffer		command = { 0 }, reply = { 0 };
	enum service_answer	answer = SERVICE_DOWN;

	stream_open_pair(&s, fd, fd);
	stream_set_timeout(&s, BUSY_MS);
	service_options_write(&command, options);
	buffer_add(&command, "\r\n", 2);
	buffer_clear(greeting);
	if (!read_reply(&s, greeting, why))
		goto out;
	if (greeting->data[0] != '2') {
		failed(why, EX_TEMPFAIL, "the relais service is busy: %.*s",
		    (int)strcspn(greeting->data, "\r\n"), greeting->data);
		answer = SERVICE_BUSY;
		goto out;
	}
	if (!stream_write(&s, command.data, command.len, why) ||
	    !stream_flush(&s, why) || !read_reply(&s, &reply, why))
		goto out;
	if (reply.data[0] == '2')
		answer = SERVICE_ACCEPTED;
	else
		failed(why, EX_TEMPFAIL, "the relais service refused the "
		    "options of the session: %.*s",
		    (int)strcspn(reply.data, "\r\n"), reply.data);
out:
	stream_close(&s);
	buffer_free(&command);
	buffer_free(&reply);
	return answer;
}

enum service_answer
service_connect(const char *path, const struct service_options *options,
    int *fd, struct buffer *greeting, struct failure *why)
{
	struct service_backoff	backoff = { 0 };
	enum service_answer	answer;

	do {
		answer = connect_socket(path, fd, why);
		if (answer == SERVICE_ACCEPTED) {
			answer = begin_session(*fd, options, greeting, why);
			if (answer != SERVICE_ACCEPTED)
				close(*fd);
		}
	} while (answer == SERVICE_BUSY && wait_while_busy(&backoff));
	return answer;
}

void
service_advise(enum service_answer answer, const struct failure *reason,
    const char *otherwise, struct failure *why)
{
	if (answer == SERVICE_DOWN)
		failure_suffix(why, "; the relais service is down (%s): start "
		    "it, or %s", reason->text, otherwise);
	else if (answer == SERVICE_ABSENT)
		failure_suffix(why, "; start the relais service, or %s",
		    otherwise);
	else if (answer == SERVICE_OFF && reason->text[0] != '\0')
		failure_suffix(why, "; the relais service is not used, because "
		    "%s", reason->text);
}

/* -------------------------------------------------------------- one message */

struct service_session {
	const char		*path;
	struct session_options	 options;
	char			 prefix[sizeof(((struct sockaddr_un *)
				    NULL)->sun_path) + 2];
	struct session		 session;
	struct interrupt	 interrupt;
};

/* Connects, as far as the reply to LHLO.  Close the session if accepted. */
static enum service_answer
open_session(struct service_session *s, const struct submit_options *how,
    struct failure *why)
{
	const struct session_trace	*trace = how->trace;
	struct service_backoff		 backoff = { 0 };
	enum service_answer		 answer;
	int				 fd;

	snprintf(s->prefix, sizeof(s->prefix), "%s: ", s->path);
	s->options = (struct session_options){
		.prefix = s->prefix,
		.lmtp = true,
		.helo = "localhost",
		.tls_policy = SESSION_TLS_OFF,
		.timeout_ms = TIMEOUT_MS,
		.greeting_ms = BUSY_MS,
		.unchanged = true,
		.trace = trace,
	};
	do {
		answer = connect_socket(s->path, &fd, why);
		if (answer != SERVICE_ACCEPTED)
			continue;
		if (trace != NULL)
			trace->line(trace->context, '*',
			    "connected to the relais service");
		if (session_open(&s->session, fd, &s->options, why))
			return SERVICE_ACCEPTED;
		answer = s->session.step == STEP_GREETING &&
		    s->session.reply.code / 100 == 4 ? SERVICE_BUSY :
		    SERVICE_DOWN;
		session_close(&s->session);
	} while (answer == SERVICE_BUSY && wait_while_busy(&backoff));
	return answer;
}

/*
 * Copies the envelope, with the recipients in the header if -t is given.
 * Elements of these fields that are not addresses are left to the service.
 * Returns false, with why, if no address is found.
 */
static bool
collect_envelope(struct envelope *env, const struct submit_request *request,
    struct failure *why)
{
	const struct envelope	*given = request->envelope;
	struct recipients	 found = { 0 };
	struct buffer		 path = { 0 };
	bool			 good;

	*env = (struct envelope){ .ret = given->ret,
	    .requiretls = given->requiretls };
	envelope_set_reverse(env, given->reverse_path != NULL ?
	    given->reverse_path : "");
	if (given->envid != NULL)
		env->envid = memory_copy(given->envid);
	for (size_t i = 0; i < given->n; i++)
		envelope_add_like(env, given->forward[i].path,
		    &given->forward[i]);
	good = !request->from_header || recipients_from_header(&found,
	    &request->message->header, NULL, why);
	for (size_t i = 0; good && i < found.good.n; i++) {
		buffer_clear(&path);
		address_write(&path, &found.good.address[i]);
		envelope_add(env, path.data)->notify = request->notify;
	}
	envelope_unique(env);
	if (good && env->n == 0) {
		good = failed(why, found.n_bad > 0 ? EX_DATAERR : EX_USAGE,
		    "no recipients: the To, Cc and Bcc fields contain no "
		    "address");
		for (size_t i = 0; i < found.n_bad; i++)
			failure_reason(why, i, found.n_bad,
			    found.bad[i].reason);
	}
	if (good && env->n > SERVICE_RECIPIENTS_MAX)
		good = failed(why, EX_USAGE, "too many recipients: %zu (the "
		    "service accepts %d)", env->n, SERVICE_RECIPIENTS_MAX);
	if (good && request->full_name != NULL &&
	    strlen(request->full_name) > SERVICE_NAME_MAX)
		good = failed(why, EX_USAGE, "-F: the name has more than %d "
		    "octets", SERVICE_NAME_MAX);
	buffer_free(&path);
	recipients_free(&found);
	return good;
}

static bool
send_options(struct session *session, const struct submit_options *how,
    const struct submit_request *request, struct failure *why)
{
	const char			*name = request->full_name != NULL ?
					    request->full_name :
					    service_own_name();
	const struct service_options	options = {
		.queue = !request->background && (request->queue ||
		    how->mode == SUBMIT_QUEUE),
		.default_sender = request->envelope->reverse_path == NULL,
		.late_checks = true,
		.from_header = request->from_header,
		.full_name = (char *)(uintptr_t)name,
	};
	struct buffer			line = { 0 };
	bool				good;

	service_options_write(&line, &options);
	good = session_command(session, line.data, NULL, NULL, why);
	buffer_free(&line);
	return good;
}

/*
 * Puts the paths and outcomes of the result in the place of those that were
 * sent; paths that the service refused at RCPT are not among them.
 */
static void
merge_result(struct service_result *r, struct envelope *env,
    struct outcome **outcomes)
{
	for (size_t i = 0; i < env->n; i++) {
		struct outcome	*o = &(*outcomes)[i];

		if (o->kind == OUTCOME_DELIVERED || o->step != STEP_RCPT)
			continue;
		r->outcomes = memory_room(r->outcomes, r->envelope.n, &r->cap,
		    sizeof(*r->outcomes));
		r->outcomes[r->envelope.n] = (struct outcome){ 0 };
		outcome_set(&r->outcomes[r->envelope.n], o);
		envelope_add_like(&r->envelope, env->forward[i].path,
		    &env->forward[i]);
	}
	outcome_list_free(*outcomes, env->n);
	*outcomes = r->outcomes;
	r->outcomes = NULL;
	for (size_t i = 0; i < env->n; i++) {
		free(env->forward[i].path);
		free(env->forward[i].orcpt);
	}
	free(env->forward);
	env->forward = r->envelope.forward;
	env->n = r->envelope.n;
	env->cap = r->envelope.cap;
	r->envelope = (struct envelope){ 0 };
}

static bool
add_line(void *context, const char *text, struct failure *why)
{
	return service_result_add(context, text, why);
}

/* The recipients without a reply have to be sent the message again. */
static void
defer_waiting(struct submit_result *result, bool in_doubt, const char *text)
{
	for (size_t i = 0; i < result->n; i++) {
		struct outcome	*o = &result->outcomes[i];

		if (o->kind != OUTCOME_WAITING)
			continue;
		outcome_set(o, &(struct outcome){ .kind = OUTCOME_DEFERRED,
		    .status = EX_TEMPFAIL, .in_doubt = in_doubt });
		outcome_set_text(o, "%s", text);
	}
}

/*
 * Sends the message, and asks for its result.  Without a result, the final
 * replies of LMTP decide: a positive one promises that the service has sent or
 * queued the message.
 */
static enum service_answer
send_message(struct service_session *s, struct envelope *env,
    const struct message *message, struct submit_result *result,
    struct failure *why)
{
	struct service_result	r = { 0 };
	enum service_answer	answer = SERVICE_ACCEPTED;
	struct failure		ignored;
	bool			sent;

	result->outcomes = memory_new(env->n, sizeof(*result->outcomes));
	result->n = env->n;
	if (!session_send(&s->session, env, message, result->outcomes, &sent,
	    why)) {
		if (!sent)
			return SERVICE_DOWN;
		defer_waiting(result, true, why->text);
		return SERVICE_ACCEPTED;
	}
	/* A service that offers LIMITS is not ours. */
	defer_waiting(result, false, "the service limits the recipients of a "
	    "session");
	if (sent && session_command(&s->session, "XRELAIS RESULT", add_line,
	    &r, &ignored) && r.complete) {
		if (r.refused) {
			*why = r.why;
			answer = SERVICE_REFUSED;
		} else {
			merge_result(&r, env, &result->outcomes);
			result->n = env->n;
			strlcpy(result->queued, r.queued,
			    sizeof(result->queued));
			strlcpy(result->failed, r.failed,
			    sizeof(result->failed));
		}
	}
	service_result_free(&r);
	return answer;
}

enum service_answer
service_submit(const char *path, const struct submit_options *how,
    const struct submit_request *request, struct submit_result *result,
    struct failure *why)
{
	struct service_session	s = { .path = path, .interrupt.fd = -1 };
	struct envelope		env;
	enum service_answer	answer = SERVICE_UNASKED;

	*result = (struct submit_result){ 0 };
	if (!collect_envelope(&env, request, why))
		goto out;
	answer = open_session(&s, how, why);
	if (answer != SERVICE_ACCEPTED)
		goto out;
	answer = SERVICE_DOWN;
	if (env.requiretls != REQUIRETLS_NO &&
	    !(s.session.extensions & EXT_REQUIRETLS))
		failed(why, EX_TEMPFAIL, "%s: the service is an older version "
		    "without REQUIRETLS: restart it", path);
	else if (send_options(&s.session, how, request, why)) {
		/* If a signal or a lack of memory ended the process after the
		 * message was sent, the caller would send it again. */
		memory_reserve();
		interrupt_hold(&s.interrupt);
		stream_set_interrupt(&s.session.stream, &s.interrupt);
		answer = send_message(&s, &env, request->message, result, why);
	}
	session_close(&s.session);
	if (answer == SERVICE_ACCEPTED) {
		struct envelope	given = *request->envelope;

		*request->envelope = env;
		env = given;
	} else {
		submit_result_free(result);
		interrupt_release(&s.interrupt);
	}
out:
	envelope_free(&env);
	return answer;
}
