/*
 * Sessions in which the server replies as servers rarely do, or in which the
 * message has rare parameters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "smtp/session.h"
#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/smtp_client.h"
#include "support/temp_dir.h"
#include "util/memory.h"

enum { STEPS = 2, RECIPIENTS_MAX = 400 };

static void
write_message(struct message *m)
{
	static const struct message_limits	limits;
	struct failure				why;
	const char				text[] = "A: b\n\nHello\n";

	message_begin(m, &limits);
	assert_true(message_feed(m, text, sizeof(text) - 1, &why));
	assert_true(message_end(m, &why));
}

/* The commands of the first session. */
static char *
commands(struct mock_smtp *host)
{
	assert_true(mock_smtp_wait_closed(host, 1));
	return heard_commands(mock_smtp_heard(host, 0), true);
}

/* ------------------------------------------------------------ one message */

struct send_case {
	const char		*sentence;
	const char		*keywords;
	unsigned		 rcpt_max;	/* of the server; then 452 */
	bool			 early;
	struct step		 steps[STEPS];

	/* The message. */
	size_t			 n;		/* recipients; 0: 1 */
	bool			 dsn, requires_tls;
	unsigned		 n_before;	/* refused messages before it */

	/* The result, and the outcome of the last recipient. */
	bool			 good, data_sent, in_doubt;
	enum outcome_kind	 kind;
	int			 status;
	const char		*enhanced;	/* NULL: "" */
	const char		*text;		/* of the outcome, or of the
						 * failure */
	const char		*sent;		/* is in the commands; or NULL */
};

#define FROM	"EHLO client.example|MAIL FROM:<a@example.org>"
#define TO	"RCPT TO:<b@example.net>"

static const struct send_case send_cases[] = {
	{ "parameters of DSN are sent if the server offers it", "DSN",
	    .dsn = true, .good = true, .data_sent = true,
	    .kind = OUTCOME_DELIVERED, .text = "host: end of message: 250 ",
	    .sent = FROM " RET=HDRS ENVID=x+2B|" TO
	    " NOTIFY=FAILURE,DELAY ORCPT=rfc822;c@example.net|DATA|" },
	{ "parameters of DSN are not sent to other servers", "8BITMIME",
	    .dsn = true, .good = true, .data_sent = true,
	    .kind = OUTCOME_DELIVERED, .text = "host: end of message: 250 ",
	    .sent = FROM "|" TO "|DATA|" },
	{ "a keyword with '=' is not an extension", "DSN=1\nCHUNKING=1",
	    .dsn = true, .good = true, .data_sent = true,
	    .kind = OUTCOME_DELIVERED, .text = "host: end of message: 250 ",
	    .sent = FROM "|" TO "|DATA|" },
	{ "REQUIRETLS is kept: nothing is sent in clear text", "REQUIRETLS",
	    .requires_tls = true, .good = true,
	    .kind = OUTCOME_FAILED, .status = EX_UNAVAILABLE,
	    .enhanced = "5.7.10", .text = "host: REQUIRETLS (RFC 8689) "
	    "requires TLS, and the session is in clear text, so the message "
	    "was not sent", .sent = "EHLO client.example|QUIT" },
	{ "RSET is refused", "", .n_before = 1,
	    .steps = { { .at = ON_RCPT, .nth = 1, .say = "550 no" },
	    { .at = ON_RSET, .say = "502 what" } },
	    .text = "host: RSET: 502 what", .sent = TO "|RSET" },
	{ "the connection is closed at RSET", "", .n_before = 1,
	    .steps = { { .at = ON_RCPT, .nth = 1, .say = "550 no" },
	    { .at = ON_RSET, .say = "", .then = THEN_CLOSE } },
	    .text = "host: RSET: the server closed the connection",
	    .sent = TO "|RSET" },
	{ "the connection is closed at DATA, after too many recipients",
	    "PIPELINING", .n = RECIPIENTS_MAX, .rcpt_max = 10,
	    .steps = { { .at = ON_DATA, .say = "", .then = THEN_CLOSE } },
	    .text = "host: DATA: the server closed the connection" },
	{ "the reply to a message in the flight of its envelope is lost",
	    "PIPELINING\nCHUNKING", .early = true,
	    .steps = { { .at = ON_BODY, .say = "", .then = THEN_CLOSE } },
	    .data_sent = true, .in_doubt = true, .kind = OUTCOME_DEFERRED,
	    .status = EX_TEMPFAIL, .text = "host: end of message: the server "
	    "closed the connection; the server may have accepted the message" },
	{ "such a message gets the reply 354", "PIPELINING\nCHUNKING",
	    .early = true, .steps = { { .at = ON_BODY, .say = "354 more" } },
	    .data_sent = true, .in_doubt = true, .kind = OUTCOME_DEFERRED,
	    .status = EX_TEMPFAIL, .text = "host: end of message: 354 more "
	    "(not a valid reply to end of message); the server may have "
	    "accepted the message" },
	{ "such a message gets the reply 421", "PIPELINING\nCHUNKING",
	    .early = true, .steps = { { .at = ON_BODY, .say = "421 bye" } },
	    .data_sent = true, .kind = OUTCOME_DEFERRED,
	    .status = EX_TEMPFAIL, .text = "host: end of message: 421 bye" },
};

static void
make_envelope(struct envelope *env, const struct send_case *c)
{
	struct forward_path	*to;

	*env = (struct envelope){ 0 };
	envelope_set_reverse(env, "a@example.org");
	for (size_t i = 0; i < (c->n > 0 ? c->n : 1); i++) {
		to = envelope_add(env, "b@example.net");
		if (!c->dsn)
			continue;
		to->notify = NOTIFY_FAILURE | NOTIFY_DELAY;
		to->orcpt = memory_copy("rfc822;c@example.net");
	}
	if (c->dsn) {
		env->ret = RETURN_HEADERS;
		env->envid = memory_copy("x+2B");
	}
	if (c->requires_tls)
		env->requiretls = REQUIRETLS_YES;
}

static void
send_refused(struct session *s, const struct envelope *env,
    const struct message *m)
{
	struct outcome	outcome = { 0 };
	struct failure	why;
	bool		data_sent;

	assert_true(session_send(s, env, m, &outcome, &data_sent, &why));
	assert_int_equal(outcome.kind, OUTCOME_FAILED);
	outcome_clear(&outcome);
}

static void
check_outcome(const struct send_case *c, const struct outcome *o)
{
	assert_int_equal(o->kind, c->kind);
	assert_int_equal(o->status, c->status);
	assert_int_equal(o->in_doubt, c->in_doubt);
	if (c->kind == OUTCOME_FAILED)
		assert_string_equal(o->enhanced, c->enhanced);
}

static void
is_sent(void **state)
{
	const struct send_case	*c = *state;
	struct session_options	 options = { .prefix = "host: ",
				    .helo = "client.example",
				    .early_bdat = c->early };
	struct script		 script = { .keywords = c->keywords,
				    .rcpt_max = c->rcpt_max };
	struct outcome		*outcomes;
	struct envelope		 env;
	struct message		 message;
	struct mock_smtp	*host;
	struct session		 s;
	struct failure		 why = { .text = "" };
	const char		*text;
	bool			 data_sent;
	char			*heard;

	memcpy(script.steps, c->steps, sizeof(c->steps));
	host = mock_smtp_start(&script);
	write_message(&message);
	make_envelope(&env, c);
	outcomes = memory_new(env.n, sizeof(*outcomes));
	smtp_client_open(&s, &options, host);
	for (unsigned i = 0; i < c->n_before; i++)
		send_refused(&s, &env, &message);
	assert_int_equal(session_send(&s, &env, &message, outcomes, &data_sent,
	    &why), c->good);
	check_outcome(c, &outcomes[env.n - 1]);
	assert_int_equal(data_sent, c->data_sent);
	text = c->kind != OUTCOME_WAITING ? outcome_text(&outcomes[env.n - 1]) :
	    why.text;
	if (strncmp(text, c->text, strlen(c->text)) != 0)
		fail_msg("%s", text);
	session_close(&s);
	heard = commands(host);
	if (c->sent != NULL && strstr(heard, c->sent) == NULL)
		fail_msg("%s", heard);
	free(heard);
	outcome_list_free(outcomes, env.n);
	envelope_free(&env);
	message_free(&message);
	mock_smtp_stop(host);
}

/* ------------------------------------------------------- private commands */

struct command_case {
	const char	*sentence;
	const char	*raw;		/* the reply */
	size_t		 long_line;	/* octets x in place of it */
	const char	*lines;		/* that were passed on, or NULL */
	int		 status;	/* if it fails */
	const char	*text;
};

static const struct command_case command_cases[] = {
	{ "the lines of a reply are passed on", "250-a b\r\n250 c\r\n",
	    .lines = "a b|c|" },
	{ "a refusal", "550-a\r\n550 b\r\n", .status = EX_UNAVAILABLE,
	    .text = "host: XRELAIS X: 550 b" },
	{ "a refusal for now", "450 b\r\n", .status = EX_TEMPFAIL,
	    .text = "host: XRELAIS X: 450 b" },
	{ "the server closes the connection", "421 bye\r\n",
	    .status = EX_TEMPFAIL,
	    .text = "host: the server closes the connection: 421 bye" },
	{ "two codes in one reply", "250-a\r\n251 b\r\n",
	    .status = EX_PROTOCOL,
	    .text = "host: invalid reply from the server" },
	{ "a line without a code", "hello\r\n", .status = EX_PROTOCOL,
	    .text = "host: invalid reply from the server" },
	{ "a line that is too long", .long_line = SESSION_LINE_MAX + 1,
	    .status = EX_PROTOCOL, .text = "host: invalid reply from the "
	    "server (a line of more than 65536 octets)" },
};

static bool
add_line(void *context, const char *text, struct failure *why)
{
	(void)why;
	buffer_addf(context, "%s|", text);
	return true;
}

static void
is_read(void **state)
{
	const struct command_case *c = *state;
	struct session_options	 options = { .prefix = "host: ",
				    .helo = "client.example" };
	struct buffer		 raw = { 0 }, lines = { 0 };
	struct script		 script = { .steps = { { .at = ON_OTHER } } };
	struct mock_smtp	*host;
	struct session		 s;
	struct failure		 why;
	bool			 good;

	if (c->raw != NULL)
		buffer_add_text(&raw, c->raw);
	else
		buffer_add_text(&raw, "250 ");
	for (size_t i = 0; i < c->long_line; i++)
		buffer_add_byte(&raw, 'x');
	script.steps[0].raw = raw.data;
	script.steps[0].raw_len = raw.len;
	host = mock_smtp_start(&script);
	smtp_client_open(&s, &options, host);
	good = session_command(&s, "XRELAIS X", add_line, &lines, &why);
	assert_int_equal(good, c->text == NULL);
	if (good) {
		assert_string_equal(lines.data, c->lines);
	} else {
		assert_string_equal(why.text, c->text);
		assert_int_equal(why.status, c->status);
	}
	session_close(&s);
	mock_smtp_stop(host);
	buffer_free(&raw);
	buffer_free(&lines);
}

/* A Unix socket has no address that the literal could contain. */
static void
a_refused_name_is_followed_by_the_loopback_address(void **state)
{
	struct session_options	 options = { .prefix = "", .lmtp = true,
				    .helo = "client.example" };
	struct script		 script = { .lmtp = true, .steps = {
				    { .at = ON_LHLO, .match = "client",
				    .say = "501 no such name" } } };
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	struct session		 s;
	char			*heard;

	(void)state;
	temp_dir_make(&dir);
	script.address = temp_dir_path(&dir, "lmtp");
	host = mock_smtp_start(&script);
	smtp_client_open(&s, &options, host);
	session_close(&s);
	heard = commands(host);
	assert_string_equal(heard, "LHLO client.example|LHLO [127.0.0.1]|QUIT");
	free(heard);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

int
main(void)
{
	static const struct CMUnitTest	more[] = {
		cmocka_unit_test(
		    a_refused_name_is_followed_by_the_loopback_address),
	};

	return CASES_RUN("messages", is_sent, send_cases) +
	    CASES_RUN("private commands", is_read, command_cases) +
	    cmocka_run_group_tests_name("names", more, NULL, NULL);
}
