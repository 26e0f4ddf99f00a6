#include "smtp/session.h"

#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "smtp/authenticate.h"
#include "smtp/dialogue.h"

static void
step_passed(const struct session *s, enum session_step step)
{
	const struct session_watch	*watch = s->options->watch;

	if (watch != NULL)
		watch->passed(watch->context, s, step);
}

static void
clear_extensions(struct session *s)
{
	s->extensions = 0;
	s->size_max = 0;
	s->rcpt_max = s->options->rcpt_max;
	s->mail_max = 0;
	s->domain_max = 0;
	buffer_clear(&s->mechanisms);
}

/* The address of this host, for EHLO without a name (RFC 5321, 4.1.3). */
static void
write_address_literal(int fd, char *text, size_t size)
{
	struct sockaddr_storage	local = { .ss_family = AF_UNSPEC };
	socklen_t		len = sizeof(local);
	char			address[64];

	if (getsockname(fd, (struct sockaddr *)&local, &len) == -1 ||
	    local.ss_family == AF_UNIX ||
	    getnameinfo((struct sockaddr *)&local, len, address,
	    sizeof(address), NULL, 0, NI_NUMERICHOST) != 0)
		strlcpy(address, "127.0.0.1", sizeof(address));
	address[strcspn(address, "%")] = '\0';	/* no scope */
	snprintf(text, size, "[%s%s]", strchr(address, ':') != NULL ? "IPv6:" :
	    "", address);
}

/* If the name is NULL, an address literal is sent. */
static bool
send_hello(struct session *s, const char *verb, const char *name,
    struct failure *why)
{
	char	literal[80];

	if (name == NULL) {
		write_address_literal(s->stream.fd, literal, sizeof(literal));
		name = literal;
	}
	s->step = STEP_EHLO;
	return dialogue_is_idle(s, why) &&
	    dialogue_send(s, why, "%s %s", verb, name) &&
	    dialogue_receive(s, STEP_EHLO, why);
}

static bool
send_ehlo(struct session *s, struct failure *why)
{
	bool	replied;

	clear_extensions(s);
	s->ehlo_line = 1;
	replied = send_hello(s, s->options->lmtp ? "LHLO" : "EHLO",
	    s->by_address ? NULL : s->options->helo, why);
	s->ehlo_line = 0;
	return replied;
}

/*
 * Sends EHLO.  If the server refuses the name, sends EHLO with an address
 * literal, as for a client without a name (RFC 5321 section 4.1.4).  If the
 * server refuses EHLO, sends HELO (section 3.2), which does not allow address
 * literals.
 */
static bool
negotiate(struct session *s, struct failure *why)
{
	const char	*name = s->by_address ? NULL : s->options->helo;
	bool		 replied = send_ehlo(s, why);

	if (replied && (s->reply.code == 501 || s->reply.code == 504) &&
	    name != NULL && name[0] != '[') {
		s->by_address = true;
		replied = send_ehlo(s, why);
	}
	if (replied && reply_is_permanent(&s->reply) && !s->options->lmtp) {
		clear_extensions(s);
		replied = send_hello(s, "HELO", s->options->helo, why);
	}
	if (!replied)
		return false;
	if (!reply_is_positive(&s->reply))
		return dialogue_refused(s, STEP_EHLO, EX_UNAVAILABLE, why);
	step_passed(s, STEP_EHLO);
	return true;
}

static bool
start_tls(struct session *s, struct failure *why)
{
	struct tls	*tls = s->tls;
	char		 text[128];

	s->step = STEP_TLS;
	s->tls = NULL;
	stream_set_timeout(&s->stream, s->options->timeout_ms > 0 ?
	    s->options->timeout_ms : 2 * 60 * 1000);
	if (!stream_start_tls(&s->stream, s->options->tls_module, tls, why)) {
		s->broken = true;
		return failure_prefix(why, "%s: ",
		    dialogue_step_name(s, STEP_TLS));
	}
	s->encrypted = true;
	dialogue_remark(s, "%s", s->options->tls_module->describe(tls, text,
	    sizeof(text)));
	step_passed(s, STEP_TLS);
	return true;
}

/* STARTTLS, then EHLO again: its first reply is void (RFC 3207). */
static bool
negotiate_tls(struct session *s, struct failure *why)
{
	bool	optional = s->options->tls_policy == SESSION_TLS_OPPORTUNISTIC;

	if (!(s->extensions & EXT_STARTTLS)) {
		if (optional)
			return true;
		s->step = STEP_STARTTLS;
		return failed(why, EX_UNAVAILABLE, "STARTTLS: the server does "
		    "not offer TLS, so nothing was sent");
	}
	if (!dialogue_command(s, STEP_STARTTLS, why, "STARTTLS"))
		return false;
	if (s->reply.code != 220) {
		if (optional && s->reply.code / 100 >= 4)
			return true;
		return dialogue_refused(s, STEP_STARTTLS, EX_UNAVAILABLE, why);
	}
	return start_tls(s, why) && negotiate(s, why);
}

bool
session_open(struct session *s, int fd, const struct session_options *options,
    struct failure *why)
{
	enum session_tls_policy	policy = options->tls_policy;
	bool		good;

	memset(s, 0, offsetof(struct session, stream));
	s->options = options;
	s->tls = options->tls;
	s->no_chunking = options->no_chunking;
	stream_open_nonblocking(&s->stream, fd);
	stream_read_while_writing(&s->stream, SESSION_REPLIES_MAX);
	stream_set_interrupt(&s->stream, options->interrupt);
	good = (policy != SESSION_TLS_IMPLICIT || start_tls(s, why)) &&
	    dialogue_receive(s, STEP_GREETING, why);
	s->open = good;
	if (good && !reply_is_positive(&s->reply))
		good = dialogue_refused(s, STEP_GREETING, EX_UNAVAILABLE, why);
	if (good)
		step_passed(s, STEP_GREETING);
	good = good && negotiate(s, why);
	if (policy == SESSION_TLS_REQUIRED ||
	    policy == SESSION_TLS_OPPORTUNISTIC)
		good = good && negotiate_tls(s, why);
	if (good && options->auth != NULL) {
		good = authenticate(s, why);
		if (good && s->step == STEP_AUTH)
			step_passed(s, STEP_AUTH);
	}
	return good || failure_prefix(why, "%s", options->prefix);
}

/* A Unix socket of our service has no TLS; the service keeps the promise. */
bool
session_can_require_tls(const struct session *s, struct failure *why)
{
	const struct session_options	*o = s->options;

	if (!s->encrypted && !o->unchanged) {
		failed(why, EX_UNAVAILABLE, "REQUIRETLS (RFC 8689) requires "
		    "TLS, and the session is in clear text");
		why->cause = SESSION_CAUSE_CLEAR_TEXT;
	} else if (o->tls_policy == SESSION_TLS_OPPORTUNISTIC) {
		failed(why, EX_UNAVAILABLE, "REQUIRETLS (RFC 8689) requires "
		    "that the server is verified, and it is not");
		why->cause = SESSION_CAUSE_UNVERIFIED;
	} else if (!(s->extensions & EXT_REQUIRETLS)) {
		failed(why, EX_UNAVAILABLE, "the server does not offer "
		    "REQUIRETLS (RFC 8689)");
		why->cause = SESSION_CAUSE_NO_REQUIRETLS;
	} else {
		return true;
	}
	return false;
}

const char *
session_cause_enhanced(int cause)
{
	return cause == SESSION_CAUSE_NO_REQUIRETLS ? "5.7.30" : "5.7.10";
}

bool
session_command(struct session *s, const char *command,
    bool (*line)(void *context, const char *text, struct failure *why),
    void *context, struct failure *why)
{
	s->step = STEP_NOOP;	/* for the timeout */
	if (!dialogue_is_idle(s, why) ||
	    !dialogue_send(s, why, "%s", command) ||
	    !dialogue_receive_lines(s, line, context, why))
		return failure_prefix(why, "%s", s->options->prefix);
	return reply_is_positive(&s->reply) || failed(why,
	    reply_is_transient(&s->reply) ? EX_TEMPFAIL : EX_UNAVAILABLE,
	    "%s%s: %d %s", s->options->prefix, command, s->reply.code,
	    s->reply.text);
}

bool
session_is_full(const struct session *s)
{
	return s->mail_max > 0 && s->mails >= s->mail_max;
}

bool
session_is_alive(struct session *s)
{
	struct failure	ignored;

	return dialogue_command(s, STEP_NOOP, &ignored, "NOOP") &&
	    reply_is_positive(&s->reply);
}

void
session_close(struct session *s)
{
	struct failure	ignored;

	/*
	 * QUIT is not sent if the server has sent unexpected input, nor if an
	 * envelope was sent ahead: the server could take QUIT for the message.
	 */
	session_forget_ahead(s);
	if (s->open && !s->broken && !stream_has_input(&s->stream)) {
		stream_set_timeout(&s->stream, 1000);
		if (dialogue_send(s, &ignored, "QUIT"))
			stream_flush(&s->stream, &ignored);
	}
	stream_close(&s->stream);
	if (s->tls != NULL)
		s->options->tls_module->close(s->tls);
	s->tls = NULL;
	buffer_free(&s->domains);
	buffer_free(&s->mechanisms);
	buffer_free(&s->held_lines);
	buffer_wipe(&s->challenge);
	secrets_free(&s->secrets);
}
