#include "support/mock_session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "util/memory.h"

/* How long a strict server waits for input before the greeting. */
enum { EARLY_MS = 30 };

static const struct script *
script_of(const struct mock_session *d)
{
	return d->conn->script;
}

static bool
in_tls(const struct mock_session *d)
{
	return d->conn->ssl != NULL;
}

static const char *
keywords(const struct script *s)
{
	return s->keywords != NULL ? s->keywords :
	    "PIPELINING\n8BITMIME\nENHANCEDSTATUSCODES\nDSN\nSMTPUTF8\n"
	    "CHUNKING";
}

void
mock_session_reset(struct mock_session *d)
{
	for (size_t i = 0; i < d->n_rcpt; i++)
		free(d->rcpt[i]);
	d->n_rcpt = 0;
	d->mail = d->in_chunks = false;
	mock_body_free(d->body);
	d->body = NULL;
}

/*
 * The correct reply to each command, with lines separated by \n, and the
 * effect of a positive reply.
 */

static bool
offers_auth(const struct mock_session *d)
{
	const struct script	*s = script_of(d);

	return (s->user != NULL || s->auth != NULL) &&
	    (s->security == IN_CLEAR || in_tls(d) || s->auth_in_clear);
}

static void
add_limits(const struct script *s, struct buffer *out)
{
	if (s->rcpt_max == 0 && s->mail_max == 0)
		return;
	buffer_add_text(out, "\n250-LIMITS");
	if (s->mail_max > 0)
		buffer_addf(out, " MAILMAX=%u", s->mail_max);
	if (s->rcpt_max > 0)
		buffer_addf(out, " RCPTMAX=%u", s->rcpt_max);
}

static void
offer(const struct mock_session *d, struct buffer *out)
{
	const struct script	*s = script_of(d);
	const char		*words = keywords(s);
	size_t			 last = 0;

	buffer_addf(out, "250-%s", s->host != NULL ? s->host : "mail.example");
	while (*words != '\0') {
		size_t	n = strcspn(words, "\n");

		buffer_addf(out, "\n250-%.*s", (int)n, words);
		words += n + (words[n] == '\n');
	}
	if (s->keywords == NULL)
		buffer_addf(out, "\n250-SIZE %llu",
		    (unsigned long long)s->size_limit);
	if (s->security == STARTTLS_OFFERED && !in_tls(d))
		buffer_add_text(out, "\n250-STARTTLS");
	if (offers_auth(d))
		buffer_addf(out, "\n250-AUTH %s",
		    s->mechanisms != NULL ? s->mechanisms : "PLAIN LOGIN");
	add_limits(s, out);
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '\n')
			last = i + 1;
	out->data[last + 3] = ' ';
}

static void
suggest_hello(struct mock_session *d, const char *args, struct buffer *out)
{
	if (script_of(d)->lmtp)
		buffer_add_text(out, "500 5.5.1 This is LMTP");
	else if (*args == '\0')
		buffer_add_text(out, "501 5.5.4 Who are you?");
	else
		offer(d, out);
}

static void
suggest_helo(struct mock_session *d, const char *args, struct buffer *out)
{
	const char	*host = script_of(d)->host;

	if (script_of(d)->lmtp || *args == '\0')
		suggest_hello(d, args, out);
	else
		buffer_addf(out, "250 %s", host != NULL ? host :
		    "mail.example");
}

static void
suggest_lhlo(struct mock_session *d, const char *args, struct buffer *out)
{
	if (!script_of(d)->lmtp || *args == '\0')
		buffer_add_text(out, "500 5.5.1 Unknown command");
	else
		offer(d, out);
}

static void
greeted(struct mock_session *d, const char *args)
{
	(void)args;
	mock_session_reset(d);
	d->greeted = true;
}

static void
suggest_starttls(struct mock_session *d, const char *args, struct buffer *out)
{
	if (*args != '\0')
		buffer_add_text(out, "501 5.5.4 No argument, please");
	else if (script_of(d)->security != STARTTLS_OFFERED || in_tls(d))
		buffer_add_text(out, "503 5.5.1 STARTTLS is not offered");
	else
		buffer_add_text(out, "220 2.0.0 Go ahead");
}

/* Waits for the client hello, and returns its octets without reading it. */
static size_t
hello_size(const struct mock_session *d)
{
	unsigned char	header[5];	/* of a TLS record */

	if (recv(d->conn->fd, header, sizeof(header), MSG_PEEK | MSG_WAITALL) !=
	    sizeof(header))
		return 0;
	return sizeof(header) + (size_t)header[3] * 256 + header[4];
}

static void
secure(struct mock_session *d)
{
	const struct step	*s = mock_session_step(d, ON_HANDSHAKE, "");

	if (s != NULL && s->after > 0 && hello_size(d) <= s->after)
		s = NULL;
	if (s != NULL && (!mock_session_perform(d, s, "") ||
	    !mock_conn_flush(d->conn))) {
		d->over = true;
		return;
	}
	if (d->tls == NULL || !mock_conn_start_tls(d->conn, d->tls))
		d->over = true;
}

static void
start_tls(struct mock_session *d, const char *args)
{
	(void)args;
	if (!mock_conn_flush(d->conn)) {
		d->over = true;
		return;
	}
	/* The state before TLS is discarded (RFC 3207 section 4.2). */
	mock_session_reset(d);
	d->greeted = d->authenticated = false;
	secure(d);
}

static void
run_auth(struct mock_session *d, const char *line, const char *args)
{
	const char	*no = NULL;

	if (!offers_auth(d))
		no = "503 5.5.1 AUTH is not offered";
	else if (d->authenticated)
		no = "503 5.5.1 Already authenticated";
	else if (*args == '\0')
		no = "501 5.5.4 Which mechanism?";
	if (no != NULL)
		mock_session_answer(d, ON_AUTH, line, no);
	else
		mock_session_auth(d, line, args);
}

/* The SIZE parameter (RFC 1870); 0 if there is none. */
static uint64_t
declared_size(const char *args)
{
	const char	*at = strcasestr(args, " SIZE=");

	return at != NULL ? strtoull(at + 6, NULL, 10) : 0;
}

static void
suggest_mail(struct mock_session *d, const char *args, struct buffer *out)
{
	const struct script	*s = script_of(d);

	if (!d->greeted)
		buffer_add_text(out, "503 5.5.1 Say hello first");
	else if (s->auth_required && !d->authenticated)
		buffer_add_text(out, "530 5.7.0 Authentication required");
	else if (d->mail)
		buffer_add_text(out, "503 5.5.1 Nested MAIL");
	else if (s->mail_max > 0 && d->n_mails >= s->mail_max)
		buffer_add_text(out, "421 4.7.0 Too many messages");
	else if (strncasecmp(args, "FROM:<", 6) != 0 ||
	    strchr(args, '>') == NULL)
		buffer_add_text(out, "501 5.5.4 Syntax: MAIL FROM:<address>");
	else if (s->size_limit > 0 && declared_size(args) > s->size_limit)
		buffer_add_text(out, "552 5.3.4 Message too big");
	else
		buffer_add_text(out, "250 2.1.0 Ok");
}

static void
begin_mail(struct mock_session *d, const char *args)
{
	(void)args;
	mock_session_reset(d);
	d->mail = true;
	d->n_mails++;
}

static void
suggest_rcpt(struct mock_session *d, const char *args, struct buffer *out)
{
	unsigned	max = script_of(d)->rcpt_max;

	if (!d->mail)
		buffer_add_text(out, "503 5.5.1 Need MAIL");
	else if (strncasecmp(args, "TO:<", 4) != 0 ||
	    strchr(args, '>') == NULL)
		buffer_add_text(out, "501 5.5.4 Syntax: RCPT TO:<address>");
	else if (max > 0 && d->n_rcpt >= max)
		buffer_add_text(out, "452 4.5.3 Too many recipients");
	else
		buffer_add_text(out, "250 2.1.5 Ok");
}

static void
add_rcpt(struct mock_session *d, const char *args)
{
	const char	*from = strchr(args, '<');
	const char	*to = strrchr(args, '>');

	d->rcpt = memory_room(d->rcpt, d->n_rcpt, &d->cap_rcpt,
	    sizeof(*d->rcpt));
	d->rcpt[d->n_rcpt++] = from != NULL && to != NULL && to > from ?
	    memory_copy_n(from + 1, (size_t)(to - from - 1)) :
	    memory_copy(args);
}

static void
run_data(struct mock_session *d, const char *line, const char *args)
{
	const char	*text = "354 End data with <CR><LF>.<CR><LF>";

	(void)args;
	if (!d->mail || d->in_chunks)
		text = "503 5.5.1 Not now";
	else if (d->n_rcpt == 0)
		text = "554 5.5.1 No valid recipients";
	if (mock_session_answer(d, ON_DATA, line, text) && d->code / 100 == 3)
		mock_session_data(d);
}

static void
suggest_ok(struct mock_session *d, const char *args, struct buffer *out)
{
	(void)d;
	(void)args;
	buffer_add_text(out, "250 2.0.0 Ok");
}

static void
forget(struct mock_session *d, const char *args)
{
	(void)args;
	mock_session_reset(d);
}

static void
suggest_vrfy(struct mock_session *d, const char *args, struct buffer *out)
{
	(void)d;
	(void)args;
	buffer_add_text(out, "252 2.0.0 Try RCPT");
}

static void
suggest_help(struct mock_session *d, const char *args, struct buffer *out)
{
	(void)d;
	(void)args;
	buffer_add_text(out, "214 2.0.0 RFC 5321");
}

static void
suggest_quit(struct mock_session *d, const char *args, struct buffer *out)
{
	(void)d;
	(void)args;
	buffer_add_text(out, "221 2.0.0 Bye");
}

/* Records that the client closed before it got the reply to QUIT. */
static void
notice_leaving(const struct mock_session *d)
{
	const struct mock_conn	*p = d->conn;
	struct pollfd		 pfd = { .fd = p->fd, .events = POLLRDHUP };

	if (p->ending == STILL_OPEN ? poll(&pfd, 1, 0) > 0 :
	    p->ending != WE_CLOSED)
		mock_conn_event(p, EVENT_LEFT_EARLY, 0, 0, NULL, 0);
}

static void
leave(struct mock_session *d, const char *args)
{
	(void)args;
	if (mock_conn_flush(d->conn))
		mock_conn_end(d->conn, THEN_CLOSE);
	d->over = true;
}

static void
suggest_nothing(struct mock_session *d, const char *args, struct buffer *out)
{
	(void)d;
	(void)args;
	buffer_add_text(out, "500 5.5.2 Unknown command");
}

static const struct verb {
	const char	*name;
	enum stage	 stage;
	bool		 alone;		/* ends its flight, RFC 2920 */
	void	       (*suggest)(struct mock_session *, const char *args,
			    struct buffer *);
	void	       (*positive)(struct mock_session *, const char *args);
	/* Or on its own. */
	void	       (*run)(struct mock_session *, const char *line,
			    const char *args);
} verbs[] = {
	{ "EHLO", ON_EHLO, true, suggest_hello, greeted, NULL },
	{ "HELO", ON_HELO, true, suggest_helo, greeted, NULL },
	{ "LHLO", ON_LHLO, true, suggest_lhlo, greeted, NULL },
	{ "STARTTLS", ON_STARTTLS, true, suggest_starttls, start_tls, NULL },
	{ "AUTH", ON_AUTH, true, NULL, NULL, run_auth },
	{ "MAIL", ON_MAIL, false, suggest_mail, begin_mail, NULL },
	{ "RCPT", ON_RCPT, false, suggest_rcpt, add_rcpt, NULL },
	{ "DATA", ON_DATA, true, NULL, NULL, run_data },
	{ "BDAT", ON_BDAT, false, NULL, NULL, mock_session_chunk },
	{ "RSET", ON_RSET, false, suggest_ok, forget, NULL },
	{ "NOOP", ON_NOOP, true, suggest_ok, NULL, NULL },
	{ "VRFY", ON_VRFY, true, suggest_vrfy, NULL, NULL },
	{ "HELP", ON_HELP, true, suggest_help, NULL, NULL },
	{ "QUIT", ON_QUIT, true, suggest_quit, leave, NULL },
	{ "", ON_OTHER, false, suggest_nothing, NULL, NULL },
};

static const struct verb *
verb_of(const char *line, const char **args)
{
	size_t			 n = strcspn(line, " ");
	const struct verb	*v = verbs;

	*args = line + n + strspn(line + n, " ");
	while (v->stage != ON_OTHER && (strlen(v->name) != n ||
	    strncasecmp(v->name, line, n) != 0))
		v++;
	return v;
}

bool
mock_session_line(struct mock_session *d, char **line)
{
	struct mock_conn	*p = d->conn;
	bool			 too_long = false;
	size_t			 seen = 0;

	for (;;) {
		char	*at = p->in + p->start;
		char	*nl = memchr(at + seen, '\n', p->end - p->start - seen);

		if (nl != NULL) {
			mock_conn_take(p, (size_t)(nl + 1 - at));
			*nl = '\0';
			if (nl > at && nl[-1] == '\r')
				nl[-1] = '\0';
			*line = too_long ? nl : at;
			return true;
		}
		seen = p->end - p->start;
		if (seen == MOCK_CONN_ROOM) {
			mock_conn_take(p, seen);
			seen = 0;
			too_long = true;
		}
		if (!mock_conn_fill(p)) {
			mock_conn_flush(p);
			return false;
		}
	}
}

/* Whether the client pipelined too much (script.h, strict). */
static bool
out_of_step(const struct mock_session *d, const struct verb *v)
{
	return script_of(d)->strict && d->conn->end > d->conn->start &&
	    v->stage != ON_BDAT && (v->alone ||
	    strcasestr(keywords(script_of(d)), "PIPELINING") == NULL);
}

static void
turn_away(struct mock_session *d)
{
	static const struct step	refusal = {
		.say = "554 5.5.0 Protocol synchronization error",
		.then = THEN_CLOSE,
	};

	mock_session_perform(d, &refusal, "");
}

static void
obey(struct mock_session *d, const char *line)
{
	struct buffer		 out = { 0 };
	const char		*args;
	const struct verb	*v = verb_of(line, &args);
	bool			 answered;

	mock_conn_event(d->conn, EVENT_COMMAND, v->stage, 0, line,
	    strlen(line));
	if (out_of_step(d, v)) {
		turn_away(d);
		return;
	}
	if (v->run != NULL) {
		v->run(d, line, args);
		return;
	}
	v->suggest(d, args, &out);
	answered = mock_session_answer(d, v->stage, line, out.data);
	if (v->stage == ON_QUIT)
		notice_leaving(d);
	if (answered) {
		if (d->code / 100 == 2 && v->positive != NULL)
			v->positive(d, args);
		else if (d->code == 421 && strncmp(out.data, "421", 3) == 0)
			leave(d, args);
	}
	buffer_free(&out);
}

static bool
greet(struct mock_session *d)
{
	const struct script	*s = script_of(d);
	char			 text[300];

	if (s->security == TLS_AT_ONCE)
		secure(d);
	if (!d->over && s->strict && mock_conn_pending(d->conn, EARLY_MS))
		turn_away(d);
	if (d->over)
		return false;
	snprintf(text, sizeof(text), "220 %s ESMTP ready",
	    s->host != NULL ? s->host : "mail.example");
	return mock_session_answer(d, ON_GREETING, "", text);
}

void
mock_session_run(struct mock_conn *p, SSL_CTX *tls)
{
	struct mock_session	 d = { .conn = p, .tls = tls };
	char			*line;

	if (greet(&d))
		while (!d.over && mock_session_line(&d, &line))
			obey(&d, line);
	mock_session_reset(&d);
	free(d.rcpt);
}
