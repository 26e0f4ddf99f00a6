#include "smtpd/smtpd_session.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "smtpd/receive.h"
#include "smtpd/smtpd_command.h"
#include "smtpd/state.h"
#include "util/interrupt.h"

enum { FAREWELL_MS = 1000 };

bool
serving_answer(struct serving *s, struct failure *why)
{
	return answer_write(&s->answer, s->stream, why);
}

void
serving_forget(struct serving *s)
{
	if (s->receiving)
		message_free(&s->message);
	envelope_free(&s->envelope);
	s->mail = s->receiving = s->failed = false;
	s->received = 0;
}

/* A command that can't be what the client meant; too many end the session. */
static bool
bad(struct serving *s, int code, const char *enhanced, const char *text)
{
	s->bad++;
	return answer_set(&s->answer, code, enhanced, "%s", text);
}

static void
answer_bye(struct serving *s, const char *text)
{
	s->over = true;
	answer_set(&s->answer, 421, "4.7.0", "%s", text);
}

/*
 * Each command's function has the text behind its verb, and leaves an answer
 * to be given.
 */
static void
say_helo(struct serving *s, char *text)
{
	if (*text == '\0') {
		bad(s, 501, "5.5.4", "Syntax: HELO hostname");
		return;
	}
	serving_forget(s);
	s->lmtp = false;
	answer_set(&s->answer, 250, "", "%s", s->policy->host);
}

/* A refused greeting changes no state (RFC 5321 section 4.1.4). */
static void
say_extended_hello(struct serving *s, const char *name, bool lmtp)
{
	if (*name == '\0') {
		bad(s, 501, "5.5.4", lmtp ? "Syntax: LHLO hostname" :
		    "Syntax: EHLO hostname");
		return;
	}
	serving_forget(s);
	s->lmtp = lmtp;
	answer_set(&s->answer, 250, "", "%s\nPIPELINING\n8BITMIME\nSIZE %llu"
	    "\nCHUNKING\nENHANCEDSTATUSCODES\nDSN\nSMTPUTF8", s->policy->host,
	    (unsigned long long)s->policy->size_max);
}

static void
say_ehlo(struct serving *s, char *text)
{
	say_extended_hello(s, text, false);
}

static void
say_lhlo(struct serving *s, char *text)
{
	say_extended_hello(s, text, true);
}

/* As text, also of the null path, which is nothing. */
static void
path_of(struct buffer *path, const struct address *a)
{
	buffer_add_text(path, "");
	address_write(path, a);
}

static void
take_mail(struct serving *s, struct mail_command *m)
{
	struct buffer	path = { 0 };

	path_of(&path, &m->sender);
	envelope_set_reverse(&s->envelope, path.data);
	buffer_free(&path);
	s->envelope.ret = m->ret;
	s->envelope.envid = m->envid;
	m->envid = NULL;
	s->mail = true;
	answer_set(&s->answer, 250, "2.1.0", "sender taken");
}

static void
say_mail(struct serving *s, char *text)
{
	struct mail_command	m;
	uint64_t		max = s->policy->size_max;

	if (s->mail) {
		bad(s, 503, "5.5.1", "a transaction is open");
		return;
	}
	if (!mail_command_parse(&m, text, &s->answer)) {
		s->bad++;
		return;
	}
	if (max > 0 && m.size > max)
		answer_set(&s->answer, 552, "5.3.4",
		    "a message may have %llu octets at most",
		    (unsigned long long)max);
	else
		take_mail(s, &m);
	mail_command_free(&m);
}

static void
take_rcpt(struct serving *s, struct rcpt_command *r)
{
	struct buffer		 path = { 0 };
	struct forward_path	*to;

	path_of(&path, &r->recipient);
	to = envelope_add(&s->envelope, path.data);
	buffer_free(&path);
	to->notify = r->notify;
	to->orcpt = r->orcpt;
	r->orcpt = NULL;
	s->fruitless--;
	answer_set(&s->answer, 250, "2.1.5", "recipient taken");
}

static void
say_rcpt(struct serving *s, char *text)
{
	const struct serve_policy	*p = s->policy;
	struct rcpt_command		 r;
	struct failure			 why;

	if (!s->mail || s->receiving) {
		bad(s, 503, "5.5.1", s->mail ? "the message has begun" :
		    "MAIL comes first");
		return;
	}
	if (p->recipients_max > 0 && s->envelope.n >= p->recipients_max) {
		s->fruitless--;		/* many were allowed to be named */
		answer_set(&s->answer, 452, "4.5.3", "a message may have %llu "
		    "recipients at most",
		    (unsigned long long)p->recipients_max);
		return;
	}
	if (!rcpt_command_parse(&r, text, &s->answer))
		return;
	if (p->recipient != NULL &&
	    !p->recipient(p->context, &r.recipient, &why))
		answer_failure(&s->answer, &why);
	else
		take_rcpt(s, &r);
	rcpt_command_free(&r);
}

static void
say_rset(struct serving *s, char *text)
{
	(void)text;
	serving_forget(s);
	answer_set(&s->answer, 250, "2.0.0", "forgotten");
}

static void
say_noop(struct serving *s, char *text)
{
	(void)text;
	answer_set(&s->answer, 250, "2.0.0", "nothing done");
}

static void
say_vrfy(struct serving *s, char *text)
{
	(void)text;
	answer_set(&s->answer, 252, "2.1.5", "only the smarthost knows");
}

static void
say_help(struct serving *s, char *text)
{
	(void)text;
	answer_set(&s->answer, 214, "2.0.0", "HELO EHLO LHLO MAIL RCPT DATA "
	    "BDAT RSET NOOP VRFY HELP QUIT");
}

static void
say_quit(struct serving *s, char *text)
{
	(void)text;
	s->over = true;
	answer_set(&s->answer, 221, "2.0.0", "bye");
}

static void
say_no(struct serving *s, char *text)
{
	(void)text;
	bad(s, 502, "5.5.1", "not here");
}

static const struct {
	const char	*verb;
	void		(*say)(struct serving *, char *text);
} verbs[] = {
	{ "HELO", say_helo },
	{ "EHLO", say_ehlo },
	{ "LHLO", say_lhlo },
	{ "MAIL", say_mail },
	{ "RCPT", say_rcpt },
	{ "RSET", say_rset },
	{ "NOOP", say_noop },
	{ "VRFY", say_vrfy },
	{ "HELP", say_help },
	{ "QUIT", say_quit },
	{ "EXPN", say_no },
	{ "AUTH", say_no },
	{ "STARTTLS", say_no },
};

/* "MAIL FROM:..." becomes "MAIL" and what stands behind the blanks. */
static char *
split(char *line)
{
	char	*text = line + strcspn(line, " \t");
	size_t	 len = strlen(line);

	while (len > 0 && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	if (*text != '\0')
		*text++ = '\0';
	return text + strspn(text, " \t");
}

static bool
obey(struct serving *s, struct failure *why)
{
	char	*verb = s->line.data;
	char	*text;

	if (strlen(verb) != s->line.len) {
		bad(s, 500, "5.5.2", "NUL is in no command");
		return serving_answer(s, why);
	}
	text = split(verb);
	if (strcasecmp(verb, "DATA") == 0 && *text == '\0')
		return receive_data(s, why);
	if (strcasecmp(verb, "BDAT") == 0)
		return receive_bdat(s, text, why);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcasecmp(verb, verbs[i].verb) == 0) {
			verbs[i].say(s, text);
			return serving_answer(s, why);
		}
	bad(s, 500, "5.5.1", "unknown command");
	return serving_answer(s, why);
}

/* Past the end of a line that was too long to keep. */
static bool
skip_line(struct serving *s, struct failure *why)
{
	for (;;) {
		const char	*in;
		const char	*lf;
		ssize_t		 n = stream_peek(s->stream, &in, why);

		if (n == -1)
			return false;
		if (n == 0) {
			s->over = true;
			return true;
		}
		lf = memchr(in, '\n', (size_t)n);
		stream_take(s->stream, lf != NULL ? (size_t)(lf + 1 - in) :
		    (size_t)n);
		if (lf != NULL)
			return true;
	}
}

static bool
refuse_line(struct serving *s, struct failure *why)
{
	if (!skip_line(s, why))
		return false;
	if (s->over)
		return true;
	bad(s, 500, "5.5.2", "line too long");
	return serving_answer(s, why);
}

/* Reads one command and obeys it. */
static bool
step(struct serving *s, struct failure *why)
{
	bool	bare_lf;

	/* Replies to commands that came together go out together. */
	if (!stream_has_line(s->stream) && !stream_flush(s->stream, why))
		return false;
	stream_set_timeout(s->stream, s->policy->idle_ms);
	buffer_clear(&s->line);
	switch (stream_read_line(s->stream, &s->line, SERVE_LINE_MAX,
	    &bare_lf, why)) {
	case STREAM_LINE:
		break;
	case STREAM_LONG:
		return refuse_line(s, why);
	case STREAM_CLOSED:
		s->over = true;	/* half a command is none */
		return true;
	case STREAM_FAILED:
		return false;
	}
	if (s->commands++ == 0)
		s->bare_lf = bare_lf;
	s->fruitless++;
	return obey(s, why);
}

static bool
is_nuisance(struct serving *s)
{
	if (s->over || (s->bad < SERVE_BAD_MAX &&
	    s->fruitless < SERVE_FRUITLESS_MAX))
		return false;
	answer_bye(s, s->bad >= SERVE_BAD_MAX ? "too many bad commands" :
	    "too many commands and no message");
	return true;
}

/* To a client that was too slow, or where a read failed or a signal came. */
static void
say_farewell(struct serving *s)
{
	struct failure	broken;

	if (interrupt_came(s->stream->interrupt))
		answer_set(&s->answer, 421, "4.3.2", "Service shutting down");
	else
		answer_set(&s->answer, 421, "4.4.2", "nothing came from you");
	stream_set_timeout(s->stream, FAREWELL_MS);
	if (serving_answer(s, &broken))
		stream_flush(s->stream, &broken);
}

bool
serve_session(struct stream *stream, const struct serve_policy *policy,
    struct failure *why)
{
	struct serving	s = { .stream = stream, .policy = policy };
	bool		good;

	answer_set(&s.answer, 220, "", "%s ESMTP relais", policy->host);
	good = serving_answer(&s, why);
	while (good && !s.over) {
		good = step(&s, why);
		if (good && is_nuisance(&s))
			good = serving_answer(&s, why);
	}
	if (!good)
		say_farewell(&s);
	else
		/* Who has said QUIT need not wait to hear it answered. */
		stream_flush(stream, why);
	serving_forget(&s);
	answer_free(&s.answer);
	buffer_free(&s.line);
	return good;
}

void
serve_refuse(struct stream *stream, const char *host,
    const struct failure *why)
{
	struct answer	a = { 0 };
	struct failure	broken;

	answer_set(&a, 421, "", "%s %s", host, why->text);
	if (answer_write(&a, stream, &broken))
		stream_flush(stream, &broken);
	answer_free(&a);
}
