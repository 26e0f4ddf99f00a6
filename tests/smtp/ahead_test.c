/*
 * Three messages in a session: the envelopes of the second and the third are
 * sent with the end of the previous message (smtp/transaction_ahead.h).  Some
 * servers refuse them, or break the connection at each place.  The caller of
 * session_send() in this test opens another session as a queue run does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "smtp/session.h"
#include "support/cases.h"
#include "support/certificate.h"
#include "support/mock_smtp.h"
#include "support/smtp_client.h"
#include "support/tls_client.h"
#include "util/memory.h"

enum { MESSAGES = 3, TIMEOUT_MS = 1500 };

struct ahead_case {
	const char	*sentence;
	struct script	 script;
	const char	*codes;		/* of the outcomes: ',' between the
					 * recipients of a message; '?' after
					 * the code of one in doubt */
	unsigned	 sent;		/* envelopes that were sent ahead */
	bool		 failed;	/* no further ones are sent */
	size_t		 connections;	/* 0: one */
	const char	*commands;	/* in the first one; or NULL */
	bool		 early;		/* early_bdat */
	bool		 two;		/* recipients of each message */
	bool		 utf8;		/* the local part of the recipient of
					 * the second message is not ASCII */
	int		 lines;		/* of the second message */
	unsigned	 late;		/* replies */
	int64_t		 timeout_ms;	/* 0: longer than this test takes */
	bool		 hold;		/* released when the envelope is sent */
};

static struct temp_dir			directory;
static struct usual_certificates	certificates;

/* The caller of session_send(). */
struct caller {
	const struct ahead_case	*c;
	struct mock_smtp	*host;
	struct envelope		 env[MESSAGES];
	struct message		 message[MESSAGES];
	struct outcome		 outcomes[MESSAGES][2];
	size_t			 at;
	unsigned		 sent, late;
	bool			 failed;
	struct buffer		 trace;
};

static bool
next(void *context, struct session_next *to)
{
	struct caller	*p = context;
	size_t		 i = p->at + 1;

	if (i == MESSAGES || p->failed)
		return false;
	*to = (struct session_next){ &p->env[i], &p->message[i],
	    p->outcomes[i] };
	return true;
}

static void
next_sent(void *context)
{
	struct caller	*p = context;

	p->sent++;
	if (p->c->hold)
		mock_smtp_release(p->host);
}

static void
next_late(void *context)
{
	struct caller	*p = context;

	p->late++;
}

static void
trace(void *context, char side, const char *text)
{
	struct caller	*p = context;

	buffer_addf(&p->trace, "%c %s\n", side, text);
}

static void
write_messages(struct caller *p)
{
	static const char *const		directories[] = { "/tmp",
						    NULL };
	static const struct message_limits	limits = {
		.spill = directories };

	for (size_t i = 0; i < MESSAGES; i++) {
		struct buffer	text = { 0 };
		struct failure	why;
		char		path[64];

		buffer_addf(&text, "From: a@example.org\r\nSubject: %zu\r\n"
		    "\r\nHello\r\n.\r\n", i + 1);
		for (int k = 0; i == 1 && k < p->c->lines; k++)
			buffer_add_text(&text, "This line makes it large.\r\n");
		message_begin(&p->message[i], &limits);
		assert_true(message_feed(&p->message[i], text.data, text.len,
		    &why));
		assert_true(message_end(&p->message[i], &why));
		buffer_free(&text);
		snprintf(path, sizeof(path), "s%zu@example.org", i + 1);
		envelope_set_reverse(&p->env[i], path);
		snprintf(path, sizeof(path), "%s%zu@example.net",
		    p->c->utf8 && i == 1 ? "\xc3\xbc" : "r", i + 1);
		envelope_add(&p->env[i], path);
		snprintf(path, sizeof(path), "q%zu@example.net", i + 1);
		if (p->c->two)
			envelope_add(&p->env[i], path);
	}
}

/* Each session takes over a new .tls. */
static void
open_session(struct session *s, struct session_options *options,
    const struct mock_smtp *host)
{
	struct failure	why;

	if (options->tls_policy == SESSION_TLS_IMPLICIT)
		options->tls = options->tls_module->start(
		    &(struct tls_options){ .name = "mail.example",
		    .ca = certificates.ca, .verify = true }, &why);
	smtp_client_open(s, options, host);
}

/* Like relay/, repeats an attempt that has sent no data. */
static void
send_all(struct caller *p)
{
	struct session_trace	traced = { trace, p };
	struct session_options	options = { .prefix = "",
				    .lmtp = p->c->script.lmtp,
				    .helo = "client.example",
				    .timeout_ms = p->c->timeout_ms > 0 ?
				    p->c->timeout_ms : 8000,
				    .early_bdat = p->c->early,
				    .trace = &traced, .next = next,
				    .next_sent = next_sent,
				    .next_late = next_late, .context = p };
	struct session		s;
	struct failure		why;
	bool			is_open = false, good, data_sent;

	if (p->c->script.security == TLS_AT_ONCE) {
		options.tls_policy = SESSION_TLS_IMPLICIT;
		options.tls_module = tls_client_module();
	}
	for (; p->at < MESSAGES; p->at++) {
		int	tries = 0;

		do {
			if (is_open && session_is_full(&s)) {
				session_close(&s);
				is_open = false;
			}
			if (!is_open)
				open_session(&s, &options, p->host);
			good = session_send(&s, &p->env[p->at],
			    &p->message[p->at], p->outcomes[p->at], &data_sent,
			    &why);
			p->failed |= s.ahead_failed;
			is_open = good && !s.broken;
			if (!is_open)
				session_close(&s);
		} while (!good && !data_sent && ++tries < 3);
	}
	if (is_open)
		session_close(&s);
}

static char *
write_codes(const struct caller *p)
{
	struct buffer	codes = { 0 };

	for (size_t i = 0; i < MESSAGES; i++)
		for (size_t k = 0; k < p->env[i].n; k++) {
			const struct outcome	*o = &p->outcomes[i][k];

			buffer_addf(&codes, "%s%d%s", k > 0 ? "," : i > 0 ?
			    " " : "", o->code, o->in_doubt ? "?" : "");
			if (o->code / 100 == 2)
				assert_int_equal(o->kind, OUTCOME_DELIVERED);
			else
				assert_int_not_equal(o->kind,
				    OUTCOME_DELIVERED);
		}
	return buffer_take(&codes);
}

/* Each message arrives once if it was delivered, and never twice. */
static void
check_arrivals(struct caller *p)
{
	for (size_t i = 0; i < MESSAGES; i++) {
		size_t	complete = 0, accepted = 0;

		for (size_t k = 0; k < mock_smtp_messages(p->host); k++) {
			const struct heard_message	*m =
			    mock_smtp_message(p->host, k);

			if (m->n_rcpt == 0 || strcmp(m->rcpt[0].path,
			    p->env[i].forward[0].path) != 0 ||
			    m->data.len == 0)
				continue;
			assert_string_equal(m->reverse_path,
			    p->env[i].reverse_path);
			complete++;
			accepted += m->code == 250;
			assert_non_null(strchr("123", m->data.data[
			    strlen("From: a@example.org\r\nSubject: ")]));
			assert_int_equal(m->data.data[strlen(
			    "From: a@example.org\r\nSubject: ")],
			    '1' + (int)i);
		}
		assert_true(complete <= 1);
		if (p->outcomes[i][0].code == 250)
			assert_int_equal(accepted, 1);
	}
}

/* The dialogue of each message begins after that of the message before it. */
static void
check_trace(const struct caller *p)
{
	const char	*final = strstr(p->trace.data, "queued as 1-1\n");
	const char	*mail = strstr(p->trace.data, "C MAIL FROM:<s2@");

	if (final != NULL && mail != NULL)
		assert_true(mail > final);
}

static void
is_sent(void **state)
{
	struct caller	 p = { .c = *state };
	size_t		 connections = p.c->connections > 0 ?
			    p.c->connections : 1;
	char		*text;

	p.host = mock_smtp_start(&p.c->script);
	write_messages(&p);
	send_all(&p);
	assert_true(mock_smtp_wait_closed(p.host, connections));
	text = write_codes(&p);
	if (strcmp(text, p.c->codes) != 0)
		fail_msg("%s\n%s", text, p.trace.data);
	free(text);
	check_arrivals(&p);
	check_trace(&p);
	assert_int_equal(mock_smtp_connections(p.host), connections);
	assert_int_equal(p.sent, p.c->sent);
	assert_int_equal(p.late, p.c->late);
	assert_int_equal(p.failed, p.c->failed);
	if (p.c->commands != NULL) {
		text = heard_commands(mock_smtp_heard(p.host, 0), false);
		assert_string_equal(text, p.c->commands);
		free(text);
	}
	for (size_t i = 0; i < MESSAGES; i++) {
		outcome_clear(&p.outcomes[i][0]);
		outcome_clear(&p.outcomes[i][1]);
		envelope_free(&p.env[i]);
		message_free(&p.message[i]);
	}
	buffer_free(&p.trace);
	mock_smtp_stop(p.host);
}

#define DATA	.keywords = "PIPELINING\n8BITMIME\nENHANCEDSTATUSCODES"
#define BDAT	.keywords = "PIPELINING\n8BITMIME\nCHUNKING"
#define STEPS(...)	.steps = { __VA_ARGS__ }
#define ENVELOPE	"|MAIL|RCPT|DATA"

static const struct ahead_case cases[] = {
	{ "DATA: MAIL, RCPT and DATA do not wait for the reply to the message",
	    { DATA, .strict = true, STEPS({ .at = ON_BODY, .nth = 1,
	    .hold = true }) }, "250 250 250", .sent = 2, .hold = true,
	    .commands = "EHLO" ENVELOPE ENVELOPE ENVELOPE "|QUIT" },
	{ "BDAT: MAIL and RCPT do not wait for the reply to the message",
	    { BDAT, .strict = true, STEPS({ .at = ON_BODY, .nth = 1,
	    .hold = true }) }, "250 250 250", .sent = 2, .hold = true,
	    .commands =
	    "EHLO|MAIL|RCPT|BDAT|MAIL|RCPT|BDAT|MAIL|RCPT|BDAT|QUIT" },
	{ "two recipients", { DATA }, "250,250 250,250 250,250", .sent = 2,
	    .two = true },
	{ "without PIPELINING, each reply is awaited",
	    { .keywords = "8BITMIME\nCHUNKING", .strict = true },
	    "250 250 250", .sent = 0 },
	{ "in LMTP, each reply is awaited", { .lmtp = true }, "250 250 250",
	    .sent = 0 },
	{ "with BURL, as Dovecot offers it, each reply is awaited",
	    { .keywords = "PIPELINING\n8BITMIME\nBURL imap",
	    .strict = true }, "250 250 250", .sent = 0 },
	{ "early BDAT sends the message with its own envelope", { BDAT },
	    "250 250 250", .sent = 0, .early = true },
	{ "the limit of transactions (RFC 9422) is kept",
	    { DATA, .mail_max = 2 }, "250 250 250", .sent = 1,
	    .connections = 2 },
	{ "a limit of recipients (RFC 9422) that the message exceeds",
	    { DATA, .rcpt_max = 1 }, "250,250 250,250 250,250", .sent = 0,
	    .two = true },

	{ "the final reply is a permanent refusal", { DATA, STEPS(
	    { .at = ON_BODY, .nth = 1, .say = "554 no" }) },
	    "554 250 250", .sent = 2 },
	{ "the final reply is a temporary refusal", { BDAT, STEPS(
	    { .at = ON_BODY, .nth = 2, .say = "451 later" }) },
	    "250 451 250", .sent = 2 },
	{ "RSET follows a refused BDAT, and the envelope is sent again",
	    { BDAT, STEPS({ .at = ON_BODY, .nth = 1, .say = "554 no" }) },
	    "554 250 250", .sent = 2, .commands = "EHLO|MAIL|RCPT|BDAT"
	    "|MAIL|RCPT|RSET|MAIL|RCPT|BDAT|MAIL|RCPT|BDAT|QUIT" },
	{ "MAIL is refused permanently, also on its own", { DATA, STEPS(
	    { .at = ON_MAIL, .match = "s2@", .say = "550 no" }) },
	    "250 550 250", .sent = 1, .commands =
	    "EHLO" ENVELOPE ENVELOPE ENVELOPE ENVELOPE "|QUIT" },
	{ "MAIL is refused temporarily, also on its own", { DATA, STEPS(
	    { .at = ON_MAIL, .match = "s2@", .say = "450 later" }) },
	    "250 450 250", .sent = 1 },
	{ "MAIL is refused temporarily after an envelope that was accepted",
	    { DATA, STEPS({ .at = ON_MAIL, .match = "s3@",
	    .say = "450 later" }) }, "250 250 450", .sent = 2, .commands =
	    "EHLO" ENVELOPE ENVELOPE ENVELOPE "|QUIT" },
	{ "MAIL is refused only with the message before it", { DATA, STEPS(
	    { .at = ON_MAIL, .nth = 2, .say = "503 5.5.1 nested" }) },
	    "250 250 250", .sent = 1, .failed = true, .commands =
	    "EHLO" ENVELOPE ENVELOPE ENVELOPE ENVELOPE "|QUIT" },
	{ "RCPT is refused, and so is DATA", { DATA, STEPS(
	    { .at = ON_RCPT, .match = "r2@", .say = "550 unknown" }) },
	    "250 550 250", .sent = 1 },
	{ "BDAT: RCPT is refused, and no message is sent", { BDAT, STEPS(
	    { .at = ON_RCPT, .match = "r2@", .say = "450 busy" }) },
	    "250 450 250", .sent = 1, .commands =
	    "EHLO|MAIL|RCPT|BDAT|MAIL|RCPT|RSET|MAIL|RCPT|RSET|MAIL|RCPT|BDAT"
	    "|QUIT" },
	{ "one of two recipients is refused, also on its own", { DATA, STEPS(
	    { .at = ON_RCPT, .match = "q2@", .say = "550 unknown" }) },
	    "250,250 250,550 250,250", .sent = 1, .two = true, .commands =
	    "EHLO|MAIL|RCPT|RCPT|DATA|MAIL|RCPT|RCPT|DATA" ENVELOPE
	    "|RSET|MAIL|RCPT|RCPT|DATA|QUIT" },
	{ "one of two recipients is refused only with the message before it",
	    { DATA, STEPS({ .at = ON_RCPT, .nth = 4, .say = "550 unknown" }) },
	    "250,250 250,250 250,250", .sent = 1, .failed = true,
	    .two = true },
	{ "one of two recipients is refused after an envelope was accepted",
	    { DATA, STEPS({ .at = ON_RCPT, .match = "q3@",
	    .say = "550 unknown" }) }, "250,250 250,250 250,550", .sent = 2,
	    .two = true, .commands = "EHLO|MAIL|RCPT|RCPT|DATA|MAIL|RCPT|RCPT"
	    "|DATA|MAIL|RCPT|RCPT|DATA|QUIT" },
	{ "RCPT is refused only after a refused message", { DATA, STEPS(
	    { .at = ON_BODY, .nth = 2, .say = "554 no" },
	    { .at = ON_RCPT, .nth = 3, .say = "550 unknown" }) },
	    "250 554 250", .sent = 2, .failed = true },
	{ "too many recipients: the others get a transaction of their own",
	    { DATA, STEPS({ .at = ON_RCPT, .match = "q2@", .nth = 1,
	    .say = "452 4.5.3 too many" }) }, "250,250 250,250 250,250",
	    .sent = 1,
	    .two = true },
	{ "354 although all recipients were refused: only a dot is sent",
	    { DATA, STEPS({ .at = ON_RCPT, .match = "r2@",
	    .say = "550 unknown" }, { .at = ON_DATA, .nth = 2,
	    .say = "354 go on" }) }, "250 550 250", .sent = 1, .commands =
	    "EHLO" ENVELOPE ENVELOPE ENVELOPE "|RSET" ENVELOPE "|QUIT" },
	{ "RCPT is out of sequence only with the message before it",
	    { DATA, STEPS({ .at = ON_RCPT, .nth = 2,
	    .say = "503 5.5.1 need MAIL" }) }, "250 250 250", .sent = 1,
	    .failed = true,
	    .commands = "EHLO" ENVELOPE ENVELOPE "|RSET" ENVELOPE ENVELOPE
	    "|QUIT" },
	{ "DATA is refused only with the message before it", { DATA, STEPS(
	    { .at = ON_DATA, .nth = 2, .say = "503 5.5.1 not now" }) },
	    "250 250 250", .sent = 1, .failed = true },
	{ "DATA is refused, also on its own", { DATA, STEPS(
	    { .at = ON_DATA, .nth = 2, .say = "554 no" },
	    { .at = ON_DATA, .nth = 3, .say = "554 no" }) },
	    "250 554 250", .sent = 1, .failed = true },

	{ "421 after the message has been accepted", { DATA, STEPS(
	    { .at = ON_MAIL, .nth = 2, .connection = 1, .say = "421 too many",
	    .then = THEN_CLOSE }) }, "250 250 250", .sent = 1, .failed = true,
	    .connections = 2 },
	{ "421 after the second message is a limit of the server",
	    { DATA, STEPS({ .at = ON_MAIL, .nth = 3, .connection = 1,
	    .say = "421 too many", .then = THEN_CLOSE }) },
	    "250 250 250", .sent = 2, .connections = 2 },
	{ "a second reply to the message is not taken for the reply to DATA",
	    { DATA, STEPS({ .at = ON_BODY, .nth = 1, .connection = 1,
	    .also = "250 2.0.0 twice\r\n" }) }, "250 250 250", .sent = 1,
	    .failed = true,
	    .connections = 2 },
	{ "354 in reply to MAIL", { DATA, STEPS({ .at = ON_MAIL, .nth = 2,
	    .connection = 1, .say = "354 what" }) }, "250 250 250", .sent = 1,
	    .failed = true,
	    .connections = 2 },
	{ "no reply to MAIL", { DATA, STEPS({ .at = ON_MAIL, .nth = 2,
	    .connection = 1, .say = "", .then = THEN_HANG }) }, "250 250 250",
	    .sent = 1, .failed = true, .connections = 2,
	    .timeout_ms = TIMEOUT_MS },
	{ "no reply to DATA", { DATA, STEPS({ .at = ON_DATA, .nth = 2,
	    .connection = 1, .say = "", .then = THEN_HANG }) }, "250 250 250",
	    .sent = 1, .failed = true, .connections = 2,
	    .timeout_ms = TIMEOUT_MS },
	{ "if the reply is late, the next message does not wait for it",
	    { DATA, STEPS({ .at = ON_BODY, .nth = 1, .connection = 1,
	    .delay_ms = 2500 }) }, "250 250 250", .sent = 1, .failed = true,
	    .connections = 2,
	    .late = 1 },
	{ "if the reply begins in time, but is late, it does not wait either",
	    { DATA, STEPS({ .at = ON_BODY, .nth = 1, .connection = 1,
	    .say = "250 2.0.0 ok", .how = DRIPPING, .pause_ms = 200 }) },
	    "250 250 250", .sent = 1, .failed = true, .connections = 2,
	    .late = 1 },

	{ "an address that requires SMTPUTF8 is not sent ahead", { DATA },
	    "250 0 250", .sent = 0, .utf8 = true },
	{ "a message that is too large is not sent ahead",
	    { .size_limit = 400 }, "250 0 250", .sent = 0, .lines = 20 },
	{ "while a large message is sent, the next one does not wait for it",
	    { DATA }, "250 250 250", .sent = 1, .lines = 20000 },
};

/*
 * A connection that breaks at each place.  Only a message whose end was sent is
 * in doubt, unless the reply was 421.
 */

static const struct break_place {
	const char	*sentence;
	enum stage	 at;
	unsigned	 nth;
	unsigned	 lost;		/* the message whose outcome is lost; 0:
					 * none */
	bool		 works;		/* after an envelope was accepted */
} places[] = {
	{ "instead of the final reply", ON_BODY, 1, .lost = 1 },
	{ "at MAIL", ON_MAIL, 2, .works = false },
	{ "at RCPT", ON_RCPT, 2, .works = false },
	{ "at DATA", ON_DATA, 2, .works = false },
	{ "instead of the second final reply", ON_BODY, 2, .lost = 2,
	    .works = true },
	{ "at the third MAIL", ON_MAIL, 3, .works = true },
	{ "at the third RCPT", ON_RCPT, 3, .works = true },
	{ "at the third DATA", ON_DATA, 3, .works = true },
	{ "instead of the last final reply", ON_BODY, 3, .lost = 3,
	    .works = true },
};

static const struct breakage {
	const char	*sentence;
	struct step	 step;
	const char	*code;		/* of the message that is lost */
	bool		 tls;
} breakages[] = {
	{ "closed", { .say = "", .then = THEN_CLOSE }, .code = "0?" },
	{ "reset", { .say = "", .then = THEN_RESET }, .code = "0?" },
	{ "half a reply", { .raw = "25", .then = THEN_CLOSE }, .code = "0?" },
	{ "not a reply", { .say = "hello", .then = THEN_CLOSE }, .code = "0?" },
	{ "421", { .say = "421 4.3.2 bye", .then = THEN_CLOSE },
	    .code = "421" },
	{ "421 and hang", { .say = "421 4.3.2 bye", .then = THEN_SHUT },
	    .code = "421" },
	{ "TLS closed", { .say = "", .then = THEN_CLOSE }, .code = "0?",
	    .tls = true },
	{ "TLS cut off", { .say = "", .then = THEN_CUT }, .code = "0?",
	    .tls = true },
	{ "TLS, 421", { .say = "421 4.3.2 bye", .then = THEN_CLOSE },
	    .code = "421", .tls = true },
};

enum {
	PLACES = sizeof(places) / sizeof(*places),
	BREAKAGES = sizeof(breakages) / sizeof(*breakages),
	BREAK_CASES = 2 * PLACES * BREAKAGES,	/* DATA, BDAT */
};


static void
make_break(struct ahead_case *c, size_t i)
{
	static char			 sentences[BREAK_CASES][100];
	static char			 codes[BREAK_CASES][40];
	const struct break_place	*place = &places[i / 2 / BREAKAGES];
	const struct breakage		*how = &breakages[i / 2 % BREAKAGES];
	bool				 bdat = i % 2 != 0;

	*c = (struct ahead_case){ sentences[i], { DATA }, codes[i],
	    .sent = place->works ? 2 : 1, .failed = !place->works,
	    .connections = 2 };
	if (bdat)
		c->script.keywords = (struct script){ BDAT }.keywords;
	if (how->tls) {
		c->script.security = TLS_AT_ONCE;
		c->script.certificate = certificates.chain;
		c->script.key = certificates.key;
	}
	c->script.steps[0] = how->step;
	c->script.steps[0].at = place->at;
	c->script.steps[0].nth = place->nth;
	c->script.steps[0].connection = 1;
	/* DATA is not sent to a server that offers BDAT. */
	if (bdat && place->at == ON_DATA) {
		c->script.steps[0].at = ON_OTHER;
		c->failed = false;
		c->sent = 2;
		c->connections = 1;
	}
	snprintf(sentences[i], sizeof(sentences[i]), "%s: %s %s",
	    bdat ? "BDAT" : "DATA", how->sentence, place->sentence);
	if (place->lost == MESSAGES)
		c->connections = 1;
	snprintf(codes[i], sizeof(codes[i]), "%s %s %s", place->lost == 1 ?
	    how->code : "250", place->lost == 2 ? how->code : "250",
	    place->lost == 3 ? how->code : "250");
}

/*
 * A refusal of each kind at each place, once or always.  The second envelope is
 * the first one that is sent ahead; when the third one is sent, the server has
 * accepted the second one in the same place.
 */

static const struct refusal {
	const char	*say;
	enum stage	 at;
	bool		 is_final;	/* for the third envelope */
} refusals[] = {
	{ "450 4.3.0 busy",		ON_MAIL, true },
	{ "450 4.3.0 busy",		ON_RCPT, true },
	{ "450 4.3.0 busy",		ON_DATA, true },
	{ "452 4.5.3 too many",		ON_RCPT, true },
	{ "550 5.7.1 no",		ON_MAIL, false },
	{ "550 5.1.1 no",		ON_RCPT, true },
	{ "554 5.5.1 no",		ON_DATA, false },
	{ "503 5.5.1 sequence",		ON_MAIL, false },
	{ "503 5.5.1 sequence",		ON_RCPT, false },
	{ "503 5.5.1 sequence",		ON_DATA, false },
};

enum {
	REFUSALS = sizeof(refusals) / sizeof(*refusals),
	/* DATA or BDAT, second or third envelope, once or always. */
	REFUSAL_CASES = 8 * REFUSALS,
};

static void
make_refusal(struct ahead_case *c, size_t i)
{
	static char		 sentences[REFUSAL_CASES][100];
	static char		 codes[REFUSAL_CASES][40];
	static const char *const names[] = { [ON_MAIL] = "MAIL",
				    [ON_RCPT] = "RCPT", [ON_DATA] = "DATA" };
	const struct refusal	*r = &refusals[i / 8];
	struct step		*step = c->script.steps;
	bool			 bdat = i % 2 != 0, third = i / 2 % 2 != 0;
	bool			 always = i / 4 % 2 != 0;
	/* DATA is not sent to a server that offers BDAT. */
	bool			 never = bdat && r->at == ON_DATA;
	bool			 again = !never && !(third && r->is_final);
	const char		*code = never || (again && !always) ? "250" :
				    r->say;

	*c = (struct ahead_case){ sentences[i], { DATA }, codes[i],
	    .sent = third || never ? 2 : 1, .failed = again && (!always ||
	    r->at == ON_DATA) };
	if (bdat)
		c->script.keywords = (struct script){ BDAT }.keywords;
	step[0] = (struct step){ .at = r->at, .nth = third ? 3 : 2,
	    .say = r->say };
	if (always && r->at == ON_DATA) {
		step[1] = step[0];
		step[1].nth++;
	} else if (always) {
		step[0].nth = 0;
		step[0].match = r->at == ON_MAIL ? third ? "<s3@" : "<s2@" :
		    third ? "<r3@" : "<r2@";
	}
	/* After 503 on its own, the server may have kept an envelope. */
	if (always && r->at == ON_MAIL && strncmp(r->say, "503", 3) == 0)
		c->connections = 2;
	snprintf(sentences[i], sizeof(sentences[i]), "%s: %s %s, at the %s %s",
	    bdat ? "BDAT" : "DATA", r->say, always ? "always" : "once",
	    third ? "third" : "second", names[r->at]);
	snprintf(codes[i], sizeof(codes[i]), third ? "250 250 %.3s" :
	    "250 %.3s 250", code);
}

/* Replies in two segments, and replies of which each octet is a segment. */

enum { SPLITS = 40, SPLIT_CASES = SPLITS + 4 };

static void
make_split(struct ahead_case *c, size_t i)
{
	static const enum stage	stages[] = { ON_BODY, ON_MAIL, ON_RCPT,
				    ON_DATA };
	static char		sentences[SPLIT_CASES][100];
	size_t			at = i / 4 + 1;

	*c = (struct ahead_case){ sentences[i], { DATA }, "250 250 250",
	    .sent = 2 };
	if (i < SPLITS) {
		c->script.steps[0] = (struct step){ .at = stages[i % 4],
		    .how = SPLIT, .split_at = at };
		snprintf(sentences[i], sizeof(sentences[i]),
		    "replies of stage %zu are divided after octet %zu", i % 4,
		    at);
	} else {
		c->script.steps[0] = (struct step){ .at = stages[i - SPLITS],
		    .how = DRIPPING };
		snprintf(sentences[i], sizeof(sentences[i]),
		    "replies of stage %zu arrive octet by octet", i - SPLITS);
	}
}

/* With AddressSanitizer, each case takes several times as long. */
#ifdef __SANITIZE_ADDRESS__
enum { EACH = 3 };
#else
enum { EACH = 1 };
#endif

int
main(void)
{
	static struct ahead_case	refused[REFUSAL_CASES / EACH];
	static struct ahead_case	split[SPLIT_CASES / EACH];
	static struct ahead_case	breaks[BREAK_CASES / EACH];
	int				failed;

	temp_dir_make(&directory);
	certificate_usual(&certificates, &directory);
	for (size_t i = 0; i < BREAK_CASES / EACH; i++)
		make_break(&breaks[i], i * EACH);
	for (size_t i = 0; i < REFUSAL_CASES / EACH; i++)
		make_refusal(&refused[i], i * EACH);
	for (size_t i = 0; i < SPLIT_CASES / EACH; i++)
		make_split(&split[i], i * EACH);
	failed = CASES_RUN("envelopes sent ahead", is_sent, cases) +
	    CASES_RUN("refusals", is_sent, refused) +
	    CASES_RUN("divided replies", is_sent, split) +
	    CASES_RUN("broken connections", is_sent, breaks);
	temp_dir_remove(&directory);
	return failed;
}
