#include "smtpd/smtpd_session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#include "mail/dots.h"
#include "mime/binary.h"
#include "smtpd/smtpd_command.h"
#include "smtpd/smtpd_reply.h"
#include "util/interrupt.h"
#include "util/memory.h"

enum {
	CLOSING_MS = 1000,	/* to write the last reply */
	GRACE_MS = 5000,	/* to write replies after a signal */
};

struct smtpd_state {
	struct stream			*stream;
	const struct smtpd_policy	*policy;
	struct buffer			 line;		/* the command */
	struct smtpd_reply		 reply;
	bool				 lmtp;		/* after LHLO */
	bool				 bare_lf;	/* the first command
							 * ended with LF */
	bool				 over;
	bool				 mute;	/* replies were lost: another
						 * one would be mistaken for
						 * that to a message */
	unsigned			 commands;
	unsigned			 without_message; /* commands since the
							 * last message */
	unsigned			 errors;

	/* The transaction, as discarded by end_transaction(). */
	bool				 mail;		/* MAIL was accepted */
	struct envelope			 envelope;
	struct message_limits		 limits;
	struct message			 message;
	bool				 receiving;	/* message has begun */
	bool				 discarding;	/* chunks of a message
							 * without recipients */
	uint64_t			 received;	/* octets */
	bool				 failed;	/* not received, */
	struct failure			 failure;	/* for this reason */
};

/*
 * Writes a reply.  Replies are sent before the server waits for input, so that
 * those to pipelined commands are sent together.
 */
__attribute__((format(printf, 5, 6)))
static bool
respond(struct smtpd_state *s, struct failure *why, int code,
    const char *enhanced, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	smtpd_reply_vset(&s->reply, code, enhanced, fmt, ap);
	va_end(ap);
	return smtpd_reply_write(&s->reply, s->stream, why);
}

/* Replies to a syntax or sequence error. */
static bool
reject(struct smtpd_state *s, struct failure *why, int code,
    const char *enhanced, const char *text)
{
	s->errors++;
	return respond(s, why, code, enhanced, "%s", text);
}

static void
end_transaction(struct smtpd_state *s)
{
	if (s->receiving)
		message_free(&s->message);
	envelope_free(&s->envelope);
	s->mail = s->receiving = s->discarding = s->failed = false;
	s->received = 0;
}

/*
 * Commands.  Each function is passed the text after the verb and writes the
 * reply.  It returns false, with why, if the connection failed.
 */

static bool
command_helo(struct smtpd_state *s, char *text, struct failure *why)
{
	if (*text == '\0')
		return reject(s, why, 501, "5.5.4", "Syntax: HELO hostname");
	end_transaction(s);
	s->lmtp = false;
	return respond(s, why, 250, "", "%s", s->policy->host);
}

/* If EHLO is refused, the state is unchanged (RFC 5321 section 4.1.4). */
static bool
extended_hello(struct smtpd_state *s, const char *name, bool lmtp,
    struct failure *why)
{
	if (*name == '\0')
		return reject(s, why, 501, "5.5.4", lmtp ?
		    "Syntax: LHLO hostname" : "Syntax: EHLO hostname");
	end_transaction(s);
	s->lmtp = lmtp;
	return respond(s, why, 250, "", "%s\nPIPELINING\n8BITMIME\nSIZE %llu"
	    "\nCHUNKING\nENHANCEDSTATUSCODES\nDSN\nSMTPUTF8\nREQUIRETLS%s",
	    s->policy->host, (unsigned long long)s->policy->size_max,
	    s->policy->private_command != NULL ? "\nXRELAIS" : "");
}

static bool
command_ehlo(struct smtpd_state *s, char *text, struct failure *why)
{
	return extended_hello(s, text, false, why);
}

static bool
command_lhlo(struct smtpd_state *s, char *text, struct failure *why)
{
	return extended_hello(s, text, true, why);
}

static bool
command_mail(struct smtpd_state *s, char *text, struct failure *why)
{
	struct smtpd_mail	m;
	struct buffer		path = { 0 };
	uint64_t		max = s->policy->size_max;

	if (s->mail)
		return reject(s, why, 503, "5.5.1",
		    "Error: nested MAIL command");
	if (!smtpd_mail_parse(&m, text, &s->reply)) {
		s->errors++;
		return smtpd_reply_write(&s->reply, s->stream, why);
	}
	if (max > 0 && m.size > max) {
		smtpd_mail_free(&m);
		return respond(s, why, 552, "5.3.4",
		    "Message size exceeds limit of %llu bytes",
		    (unsigned long long)max);
	}
	if (s->policy->mail != NULL &&
	    !s->policy->mail(s->policy->context, &s->reply)) {
		smtpd_mail_free(&m);
		return smtpd_reply_write(&s->reply, s->stream, why);
	}
	buffer_add_text(&path, "");	/* the null sender writes nothing */
	address_write(&path, &m.sender);
	envelope_set_reverse(&s->envelope, path.data);
	buffer_free(&path);
	s->envelope.ret = m.ret;
	s->envelope.requiretls = m.requiretls ? REQUIRETLS_YES : REQUIRETLS_NO;
	s->envelope.envid = m.envid;
	m.envid = NULL;
	s->mail = true;
	smtpd_mail_free(&m);
	return respond(s, why, 250, "2.1.0", "Ok");
}

static bool
command_rcpt(struct smtpd_state *s, char *text, struct failure *why)
{
	const struct smtpd_policy	*p = s->policy;
	struct smtpd_rcpt		 r;
	struct buffer			 path = { 0 };
	struct forward_path		*to;

	if (!s->mail)
		return reject(s, why, 503, "5.5.1",
		    "Error: need MAIL command");
	if (s->receiving || s->discarding)
		return reject(s, why, 503, "5.5.1", "Error: RCPT after BDAT");
	if (p->recipients_max > 0 && s->envelope.n >= p->recipients_max) {
		s->without_message--;	/* not a fault of the client */
		return respond(s, why, 452, "4.5.3",
		    "Error: too many recipients, limit is %llu",
		    (unsigned long long)p->recipients_max);
	}
	if (!smtpd_rcpt_parse(&r, text, &s->reply))
		return smtpd_reply_write(&s->reply, s->stream, why);
	if (p->recipient == NULL || p->recipient(p->context,
	    s->envelope.reverse_path, &r.recipient, &s->reply)) {
		address_write(&path, &r.recipient);
		to = envelope_add(&s->envelope, path.data);
		buffer_free(&path);
		to->notify = r.notify;
		to->orcpt = r.orcpt;
		r.orcpt = NULL;
		s->without_message--;
		smtpd_reply_set(&s->reply, 250, "2.1.5", "Ok");
	}
	smtpd_rcpt_free(&r);
	return smtpd_reply_write(&s->reply, s->stream, why);
}

static void
begin_message(struct smtpd_state *s)
{
	s->limits = (struct message_limits){
		.spill = s->policy->spill,
		.spare = s->policy->spare,
		.size_max = s->policy->size_max,
	};
	message_begin(&s->message, &s->limits);
	message_keep_binary(&s->message, false);
	s->receiving = true;
}

/*
 * After a failure, the rest of the message is read and discarded: it must not
 * be taken for commands.
 */
static void
add_to_message(struct smtpd_state *s, const char *data, size_t len)
{
	s->received += len;
	if (!s->failed)
		s->failed = !message_feed(&s->message, data, len, &s->failure);
}

/* Sets the reply to a message that could not be received. */
static void
set_message_failure(struct smtpd_state *s)
{
	uint64_t	max = s->policy->size_max;

	smtpd_reply_failure(&s->reply, &s->failure);
	if (s->failure.status == EX_DATAERR && max > 0 && s->received > max) {
		s->reply.code = 552;	/* RFC 1870 section 6.3 */
		strlcpy(s->reply.enhanced, "5.3.4",
		    sizeof(s->reply.enhanced));
	}
}

/*
 * Passes the message to the policy, and replies once or, in LMTP, for each
 * recipient.
 */
static bool
end_message(struct smtpd_state *s, struct failure *why)
{
	const struct smtpd_policy	*p = s->policy;
	struct outcome			*outcomes = NULL;
	const char			*queued = NULL;
	size_t				 replies = s->lmtp ? s->envelope.n : 1;
	bool				 good = true;

	if (!s->failed)
		s->failed = !binary_encode(&s->message, &s->failure) ||
		    !message_end(&s->message, &s->failure);
	if (s->failed) {
		set_message_failure(s);
	} else {
		outcomes = memory_new(s->envelope.n, sizeof(*outcomes));
		queued = p->message(p->context, &s->envelope, &s->message,
		    outcomes);
		s->without_message = 0;
		/* The time of the attempt is not that of the client. */
		stream_set_timeout(s->stream, p->idle_ms);
	}
	for (size_t i = 0; good && i < replies; i++) {
		/* Most outcomes have the same reply as the one before. */
		bool	again = outcomes != NULL && i > 0 &&
			    outcome_is_like(&outcomes[i], &outcomes[i - 1]);

		if (outcomes != NULL && s->lmtp && !again)
			smtpd_reply_outcome(&s->reply, &outcomes[i], queued);
		else if (outcomes != NULL && !s->lmtp)
			smtpd_reply_outcomes(&s->reply, &s->envelope, outcomes,
			    queued);
		good = smtpd_reply_write(&s->reply, s->stream, why);
	}
	outcome_list_free(outcomes, s->envelope.n);
	end_transaction(s);
	return good;
}

/*
 * Waits for the next octets of a message.  At the end of input, sets s->over:
 * the incomplete message is discarded.
 */
static bool
wait_for_input(struct smtpd_state *s, const char **in, size_t *n,
    struct failure *why)
{
	ssize_t	got;

	stream_set_timeout(s->stream, s->policy->idle_ms);
	got = stream_peek(s->stream, in, why);
	if (got == -1)
		return false;
	s->over = got == 0;
	*n = (size_t)got;
	return true;
}

static bool
command_data(struct smtpd_state *s, char *text, struct failure *why)
{
	struct dots_smtp	dots = { .bare_lf = s->bare_lf };
	char			decoded[STREAM_IN + 1];

	if (*text != '\0')
		return reject(s, why, 501, "5.5.4", "Syntax: DATA");
	if (s->envelope.n == 0 || s->receiving)
		return respond(s, why, 503, "5.5.1", "Error: %s",
		    s->receiving || s->discarding ? "DATA after BDAT" :
		    s->mail ? "no valid recipients" : "need MAIL command");
	if (!respond(s, why, 354, "", "End data with <CR><LF>.<CR><LF>") ||
	    !stream_flush(s->stream, why))
		return false;
	begin_message(s);
	while (dots.state != DOTS_SMTP_ENDED) {
		const char	*in;
		size_t		 n, used, out;

		if (!wait_for_input(s, &in, &n, why))
			return false;
		if (s->over)
			return true;
		out = dots_smtp_decode(&dots, in, n, &used, decoded);
		stream_consume(s->stream, used);
		if (out > 0)
			add_to_message(s, decoded, out);
	}
	return end_message(s, why);
}

static bool
command_bdat(struct smtpd_state *s, char *text, struct failure *why)
{
	uint64_t	size, left;
	bool		last;
	bool		keep = s->envelope.n > 0;

	if (!smtpd_bdat_parse(text, &size, &last)) {
		/* The end of the chunk, and so the next command, is unknown. */
		s->over = true;
		return respond(s, why, 421, "4.5.2",
		    "%s Syntax: BDAT size [LAST]", s->policy->host);
	}
	if (keep && !s->receiving)
		begin_message(s);
	s->discarding = !keep && s->mail;
	if (!stream_flush(s->stream, why))
		return false;
	for (left = size; left > 0;) {
		const char	*in;
		size_t		 n;

		if (!wait_for_input(s, &in, &n, why))
			return false;
		if (s->over)
			return true;
		if (n > left)
			n = (size_t)left;
		if (keep)
			add_to_message(s, in, n);
		stream_consume(s->stream, n);
		left -= n;
	}
	/*
	 * The transaction has failed (RFC 3030 section 2).  If it went on, the
	 * next recipients would receive a part of this message, or the next
	 * message would be sent from this sender.
	 */
	if (!keep && last)
		end_transaction(s);
	if (!keep)
		return respond(s, why, 503, "5.5.1",
		    "Error: no valid recipients");
	if (last)
		return end_message(s, why);
	if (s->failed) {
		set_message_failure(s);
		return smtpd_reply_write(&s->reply, s->stream, why);
	}
	/* The number of chunks is not limited if they are not empty. */
	if (size > 0)
		s->without_message--;
	return respond(s, why, 250, "2.0.0", "Ok: %llu bytes",
	    (unsigned long long)size);
}

static bool
command_rset(struct smtpd_state *s, char *text, struct failure *why)
{
	(void)text;
	end_transaction(s);
	return respond(s, why, 250, "2.0.0", "Ok");
}

static bool
command_noop(struct smtpd_state *s, char *text, struct failure *why)
{
	(void)text;
	return respond(s, why, 250, "2.0.0", "Ok");
}

static bool
command_vrfy(struct smtpd_state *s, char *text, struct failure *why)
{
	(void)text;
	return respond(s, why, 252, "2.1.5", "Cannot VRFY user, but will "
	    "accept message and attempt delivery");
}

static bool
command_help(struct smtpd_state *s, char *text, struct failure *why)
{
	(void)text;
	return respond(s, why, 214, "2.0.0", "Commands: HELO EHLO LHLO MAIL "
	    "RCPT DATA BDAT RSET NOOP VRFY HELP QUIT");
}

static bool
command_quit(struct smtpd_state *s, char *text, struct failure *why)
{
	(void)text;
	s->over = true;
	return respond(s, why, 221, "2.0.0", "Bye");
}

static bool
command_not_implemented(struct smtpd_state *s, char *text,
    struct failure *why)
{
	(void)text;
	return reject(s, why, 502, "5.5.1", "Error: command not implemented");
}

/*
 * sendmail sends XRELAIS commands before it passes on the commands of another
 * program.  The first command of that program, not XRELAIS, decides how DATA
 * ends, so s->commands does not change.
 */
static bool
command_private(struct smtpd_state *s, char *text, struct failure *why)
{
	const struct smtpd_policy	*p = s->policy;

	if (p->private_command == NULL)
		return reject(s, why, 500, "5.5.1",
		    "Error: command not recognized");
	/* The policy may have counted the message that begins with MAIL. */
	if (s->mail)
		return reject(s, why, 503, "5.5.1",
		    "Error: XRELAIS after MAIL");
	s->commands--;
	if (!p->private_command(p->context, text, &s->reply))
		s->over = true;
	return smtpd_reply_write(&s->reply, s->stream, why);
}

static const struct {
	const char	*verb;
	bool		(*run)(struct smtpd_state *, char *text,
			    struct failure *);
} commands[] = {
	{ "HELO", command_helo },
	{ "EHLO", command_ehlo },
	{ "LHLO", command_lhlo },
	{ "MAIL", command_mail },
	{ "RCPT", command_rcpt },
	{ "DATA", command_data },
	{ "BDAT", command_bdat },
	{ "RSET", command_rset },
	{ "NOOP", command_noop },
	{ "VRFY", command_vrfy },
	{ "HELP", command_help },
	{ "QUIT", command_quit },
	{ "XRELAIS", command_private },
	{ "EXPN", command_not_implemented },
	{ "AUTH", command_not_implemented },
	{ "STARTTLS", command_not_implemented },
};

/*
 * Ends the session if its first line is not an SMTP command, or is too long: a
 * web page can make a browser send an HTTP request to this socket, and its body
 * would be read as commands.
 */
static bool
reject_unknown(struct smtpd_state *s, struct failure *why, const char *enhanced,
    const char *text)
{
	if (s->commands > 1)
		return reject(s, why, 500, enhanced, text);
	s->over = true;
	return respond(s, why, 421, "4.7.0", "%s Error: not an SMTP client",
	    s->policy->host);
}

/* Splits "VERB text" and runs the command. */
static bool
run_command(struct smtpd_state *s, struct failure *why)
{
	char	*verb = s->line.data;
	size_t	 len = s->line.len;
	char	*text;

	if (strlen(verb) != len)
		return reject_unknown(s, why, "5.5.2",
		    "Error: NUL character in command");
	while (len > 0 && isspace((unsigned char)verb[len - 1]))
		verb[--len] = '\0';
	text = verb + strcspn(verb, " \t");
	if (*text != '\0')
		*text++ = '\0';
	text += strspn(text, " \t");
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (strcasecmp(verb, commands[i].verb) == 0)
			return commands[i].run(s, text, why);
	return reject_unknown(s, why, "5.5.1", "Error: command not recognized");
}

/* Skips the rest of a line that is longer than SMTPD_LINE_MAX. */
static bool
reject_long_line(struct smtpd_state *s, struct failure *why)
{
	const char	*in;
	const char	*lf;

	do {
		ssize_t	n = stream_peek(s->stream, &in, why);

		if (n == -1)
			return false;
		s->over = n == 0;
		if (s->over)
			return true;
		lf = memchr(in, '\n', (size_t)n);
		stream_consume(s->stream, lf != NULL ? (size_t)(lf + 1 - in) :
		    (size_t)n);
	} while (lf == NULL);
	s->commands++;
	return reject_unknown(s, why, "5.5.2", "Error: line too long");
}

static bool
next_command(struct smtpd_state *s, struct failure *why)
{
	bool	bare_lf;

	/* Replies to pipelined commands are sent together. */
	if (!stream_has_line(s->stream) && !stream_flush(s->stream, why)) {
		s->mute = true;
		return false;
	}
	stream_set_timeout(s->stream, s->policy->idle_ms);
	buffer_clear(&s->line);
	switch (stream_read_line(s->stream, &s->line, SMTPD_LINE_MAX,
	    &bare_lf, why)) {
	case STREAM_LINE:
		if (s->commands++ == 0)
			s->bare_lf = bare_lf;
		s->without_message++;
		return run_command(s, why);
	case STREAM_LONG:
		return reject_long_line(s, why);
	case STREAM_CLOSED:
		s->over = true;	/* an incomplete line is ignored */
		return true;
	case STREAM_FAILED:
		break;
	}
	return false;
}

bool
smtpd_session(struct stream *stream, const struct smtpd_policy *policy,
    struct failure *why)
{
	struct smtpd_state	s = { .stream = stream, .policy = policy };
	struct failure		ignored;
	bool			good;

	/* The replies to a message can be more than the connection holds. */
	stream_set_grace(stream, GRACE_MS);
	good = respond(&s, why, 220, "", "%s ESMTP relais", policy->host);
	while (good && !s.over) {
		good = next_command(&s, why);
		if (!good || s.over || (s.errors < SMTPD_ERRORS_MAX &&
		    s.without_message < SMTPD_COMMANDS_MAX))
			continue;
		s.over = true;
		good = respond(&s, why, 421, "4.7.0", "%s Error: %s",
		    policy->host, s.errors >= SMTPD_ERRORS_MAX ?
		    "too many errors" : "too many commands without a message");
	}
	if (good) {
		/* A client may leave without waiting for the reply to QUIT. */
		stream_flush(stream, &ignored);
	} else if (!s.mute) {
		stream_set_timeout(stream, CLOSING_MS);
		if (interrupt_came(stream->interrupt) ?
		    respond(&s, &ignored, 421, "4.3.2",
			"%s Service shutting down", policy->host) :
		    respond(&s, &ignored, 421, "4.4.2",
			"%s Error: timeout exceeded", policy->host))
			stream_flush(stream, &ignored);
	}
	end_transaction(&s);
	smtpd_reply_free(&s.reply);
	buffer_free(&s.line);
	return good;
}

void
smtpd_refuse(struct stream *stream, const char *host,
    const struct failure *why)
{
	struct smtpd_reply	r = { 0 };
	struct failure		ignored;

	smtpd_reply_set(&r, 421, "", "%s Service not available: %s", host,
	    why->text);
	if (smtpd_reply_write(&r, stream, &ignored))
		stream_flush(stream, &ignored);
	smtpd_reply_free(&r);
}
