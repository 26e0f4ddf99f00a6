/*
 * Every combination of replies to three recipients, with each command and
 * protocol that sends a message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "smtp/session.h"
#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/smtp_client.h"
#include "support/temp_dir.h"
#include "util/memory.h"

enum { PATHS = 3, COMBINATIONS = 27 };

struct way {
	const char	*sentence;
	const char	*keywords;
	bool		 early;
	bool		 lmtp;
	bool		 at_body;	/* LMTP: replies after the message */
	bool		 unix_socket;
};

static const struct way ways[] = {
	{ "DATA, not pipelined", .keywords = "8BITMIME" },
	{ "DATA, pipelined", .keywords = "PIPELINING" },
	{ "BDAT, not pipelined", .keywords = "CHUNKING" },
	{ "BDAT, pipelined", .keywords = "PIPELINING\nCHUNKING" },
	{ "BDAT in the flight of the envelope", "PIPELINING\nCHUNKING",
	    .early = true },
	{ "LMTP, RCPT refused", "PIPELINING", .lmtp = true },
	{ "LMTP, DATA, not pipelined", "8BITMIME", .lmtp = true,
	    .at_body = true },
	{ "LMTP, DATA, pipelined", "PIPELINING", .lmtp = true,
	    .at_body = true },
	{ "LMTP, DATA although CHUNKING is offered", "PIPELINING\nCHUNKING",
	    .lmtp = true, .at_body = true },
	{ "LMTP over a Unix socket", "PIPELINING\nCHUNKING", .lmtp = true,
	    .at_body = true, .unix_socket = true },
};

static const char *const path[PATHS] = {
	"one@example.net", "two@example.net", "three@example.net",
};

/* A reply and its outcome. */
static const struct {
	const char		*say;
	enum outcome_kind	 kind;
	int			 code;
} replies[PATHS] = {
	{ "250 2.1.5 yes", OUTCOME_DELIVERED, 250 },
	{ "450 4.2.1 later", OUTCOME_DEFERRED, 450 },
	{ "550 5.1.1 unknown", OUTCOME_FAILED, 550 },
};

static const int powers[PATHS] = { 1, 3, 9 };

struct combination {
	const char		*sentence;
	const struct way	*way;
	int			 number;
};

/* The reply to path i. */
static size_t
reply_to(int combination, size_t i)
{
	return (size_t)(combination / powers[i] % 3);
}

static void
write_script(struct script *script, const struct way *way, int combination)
{
	*script = (struct script){ .keywords = way->keywords,
	    .lmtp = way->lmtp };
	for (size_t i = 0; i < PATHS; i++)
		script->steps[i] = (struct step){
			.at = way->at_body ? ON_BODY : ON_RCPT,
			.match = path[i],
			.say = replies[reply_to(combination, i)].say,
			.nth = 1,
		};
}

static void
write_message(struct message *m)
{
	static const struct message_limits	limits;
	struct failure				why;
	const char				text[] =
	    "From: a@example.org\r\n\r\nHello\r\n.\r\n";

	message_begin(m, &limits);
	assert_true(message_feed(m, text, sizeof(text) - 1, &why));
	assert_true(message_end(m, &why));
}

static void
send_one(struct session *s, const struct envelope *env,
    struct outcome *outcomes)
{
	struct message	message;
	struct failure	why;
	bool		data_sent;

	write_message(&message);
	if (!session_send(s, env, &message, outcomes, &data_sent, &why))
		fail_msg("%s", why.text);
	message_free(&message);
}

static void
check_outcomes(int combination, const struct outcome *outcomes)
{
	for (size_t i = 0; i < PATHS; i++) {
		size_t	a = reply_to(combination, i);

		if (outcomes[i].kind != replies[a].kind)
			fail_msg("%s: %d: %s", path[i], outcomes[i].kind,
			    outcome_text(&outcomes[i]));
		assert_int_equal(outcomes[i].code, replies[a].code);
		if (replies[a].kind == OUTCOME_DEFERRED)
			assert_int_equal(outcomes[i].status, EX_TEMPFAIL);
		else if (replies[a].kind == OUTCOME_FAILED)
			assert_int_equal(outcomes[i].status, EX_NOUSER);
		assert_false(outcomes[i].in_doubt);
	}
}

/*
 * Without an accepted recipient no message is sent, unless it is sent in the
 * flight of the envelope.
 */
static void
check_message(struct mock_smtp *host, const struct way *way, int combination)
{
	size_t	accepted = 0;

	for (size_t i = 0; i < PATHS; i++)
		accepted += way->at_body || reply_to(combination, i) == 0;
	if (accepted > 0 || way->early)
		assert_true(mock_smtp_wait_messages(host, 1));
	else
		assert_int_equal(mock_smtp_messages(host), 0);
}

static void
has_outcomes(void **state)
{
	const struct combination *c = *state;
	const struct way	*way = c->way;
	int			 combination = c->number;
	struct temp_dir		 dir;
	struct session_options	options = { .prefix = "", .lmtp = way->lmtp,
				    .helo = "client.example",
				    .early_bdat = way->early };
	struct envelope		env = { 0 };
	struct outcome		outcomes[PATHS] = { { 0 } };
	struct outcome		next[1] = { { 0 } };
	struct script		script;
	struct mock_smtp	*host;
	struct session		s;

	temp_dir_make(&dir);
	write_script(&script, way, combination);
	if (way->unix_socket)
		script.address = temp_dir_path(&dir, "lmtp");
	host = mock_smtp_start(&script);
	envelope_set_reverse(&env, "a@example.org");
	for (size_t i = 0; i < PATHS; i++)
		envelope_add(&env, path[i]);
	smtp_client_open(&s, &options, host);
	send_one(&s, &env, outcomes);
	check_outcomes(combination, outcomes);
	check_message(host, way, combination);
	/* The next message in this session is accepted. */
	env.n = 1;
	send_one(&s, &env, next);
	assert_int_equal(next[0].kind, OUTCOME_DELIVERED);
	env.n = PATHS;
	for (size_t i = 0; i < PATHS; i++)
		outcome_clear(&outcomes[i]);
	outcome_clear(&next[0]);
	session_close(&s);
	envelope_free(&env);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

/* Messages are sent with BDAT in the flight of their envelope. */
struct early {
	struct mock_smtp	*host;
	struct session_options	 options;
	struct session		 session;
	struct envelope		 env;
};

static void
early_open(struct early *e, const struct script *script, size_t paths)
{
	*e = (struct early){ .host = mock_smtp_start(script), .options = {
	    .prefix = "", .helo = "client.example", .early_bdat = true } };
	envelope_set_reverse(&e->env, "a@example.org");
	for (size_t i = 0; i < paths; i++)
		envelope_add(&e->env, path[i]);
	smtp_client_open(&e->session, &e->options, e->host);
}

static bool
early_send(struct early *e, struct outcome *outcomes, bool *data_sent)
{
	struct message	message;
	struct failure	why;
	bool		good;

	write_message(&message);
	good = session_send(&e->session, &e->env, &message, outcomes,
	    data_sent, &why);
	message_free(&message);
	return good;
}

static void
early_close(struct early *e)
{
	envelope_free(&e->env);
	mock_smtp_stop(e->host);
}

/* The replies to two RCPT commands and to the message, after a refused MAIL. */
struct refusal {
	const char	*sentence;
	const char	*rcpt[2];
	const char	*message;
	bool		 in_doubt[2];
};

static const struct refusal refusals[] = {
	{ "the server refuses the rest", { "503 no", "503 no" }, "503 no",
	    { false, false } },
	{ "the server refuses the message", { "250 yes", "250 yes" },
	    "554 no", { false, false } },
	{ "the server closes the connection instead of accepting the message",
	    { "250 yes", "250 yes" }, "421 4.3.2 no", { false, false } },
	{ "the server accepts a recipient and the message",
	    { "250 yes", "503 no" }, "250 queued", { true, false } },
	{ "the server accepts a message without a recipient",
	    { "503 no", "503 no" }, "250 queued", { false, false } },
	{ "the reply to RCPT is invalid", { "250 yes", "yes" }, "250 queued",
	    { true, true } },
	{ "the reply to RCPT is invalid after a refusal",
	    { "503 no", "yes" }, "250 queued", { false, true } },
	{ "the reply to the message is invalid", { "250 yes", "503 no" },
	    "yes", { true, false } },
};

/* The message was sent before the reply to MAIL, so it may be accepted. */
static void
is_in_doubt(void **state)
{
	const struct refusal	*c = *state;
	bool			 ends = c->in_doubt[0] || c->in_doubt[1] ||
				    strncmp(c->message, "421", 3) == 0;
	const struct script	 script = {
		.keywords = "PIPELINING\nCHUNKING",
		.steps = {
			{ .at = ON_MAIL, .say = "554 5.7.1 no" },
			{ .at = ON_RCPT, .match = path[0], .say = c->rcpt[0] },
			{ .at = ON_RCPT, .match = path[1], .say = c->rcpt[1] },
			{ .at = ON_BODY, .say = c->message },
		},
	};
	struct early		 e;
	struct outcome		 outcomes[2] = { { 0 } };
	bool			 data_sent;

	early_open(&e, &script, 2);
	assert_int_equal(early_send(&e, outcomes, &data_sent), !ends);
	assert_int_equal(e.session.broken, ends);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(outcomes[i].in_doubt, c->in_doubt[i]);
		assert_int_equal(outcomes[i].kind, c->in_doubt[i] ?
		    OUTCOME_DEFERRED : OUTCOME_FAILED);
		if (!c->in_doubt[i])
			assert_string_equal(outcome_text(&outcomes[i]),
			    "MAIL: 554 5.7.1 no");
		outcome_clear(&outcomes[i]);
	}
	session_close(&e.session);
	early_close(&e);
}

/* Otherwise, the recipients of the first message could receive the second. */
static void
a_message_is_not_sent_before_the_reply_to_rset(void **state)
{
	const struct script	 script = {
		.keywords = "PIPELINING\nCHUNKING",
		.steps = {
			{ .at = ON_BODY, .say = "451 4.3.0 later" },
			{ .at = ON_RSET, .say = "500 what?" },
		},
	};
	struct early		 e;
	struct outcome		 outcomes[2] = { { 0 } };
	const char		*wire;
	bool			 data_sent;

	(void)state;
	early_open(&e, &script, 1);
	assert_true(early_send(&e, &outcomes[0], &data_sent));
	assert_int_equal(outcomes[0].kind, OUTCOME_DEFERRED);
	assert_false(early_send(&e, &outcomes[1], &data_sent));
	assert_false(data_sent);
	assert_int_equal(outcomes[1].kind, OUTCOME_WAITING);
	outcome_clear(&outcomes[0]);
	session_close(&e.session);
	assert_true(mock_smtp_wait_closed(e.host, 1));
	wire = mock_smtp_heard(e.host, 0)->wire.data;
	assert_null(strstr(strstr(wire, "RSET"), "BDAT"));
	early_close(&e);
}

/* A parameter or path with a line break. */
struct line_break {
	const char	*sentence;
	bool		 in_reverse_path, in_envid, in_forward_path, in_orcpt;
};

static const struct line_break line_breaks[] = {
	{ "a line break in the reverse-path is not sent",
	    .in_reverse_path = true },
	{ "a line break in ENVID is not sent", .in_envid = true },
	{ "a line break in a forward-path is not sent",
	    .in_forward_path = true },
	{ "a line break in ORCPT is not sent", .in_orcpt = true },
};

static void
is_not_sent(void **state)
{
	const struct line_break	*c = *state;
	struct session_options	 options = { .prefix = "",
				    .helo = "client.example" };
	struct mock_smtp	*host = mock_smtp_start(&(struct script){ 0 });
	bool			 for_all = c->in_reverse_path || c->in_envid;
	struct outcome		 outcomes[2] = { { 0 } };
	struct envelope		 env = { 0 };
	const char		*word = "a@example.net\r\nRSET";
	struct session		 s;

	smtp_client_open(&s, &options, host);
	envelope_set_reverse(&env, c->in_reverse_path ? word :
	    "a@example.org");
	env.envid = c->in_envid ? memory_copy(word) : NULL;
	envelope_add(&env, c->in_forward_path ? word : path[0])->orcpt =
	    c->in_orcpt ? memory_copy(word) : NULL;
	envelope_add(&env, path[1]);
	send_one(&s, &env, outcomes);
	assert_int_equal(outcomes[0].kind, OUTCOME_FAILED);
	assert_int_equal(outcomes[1].kind, for_all ? OUTCOME_FAILED :
	    OUTCOME_DELIVERED);
	assert_null(strpbrk(outcome_text(&outcomes[0]), "\r\n"));
	outcome_clear(&outcomes[0]);
	outcome_clear(&outcomes[1]);
	envelope_free(&env);
	session_close(&s);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_null(strstr(mock_smtp_heard(host, 0)->wire.data, "RSET"));
	mock_smtp_stop(host);
}

int
main(void)
{
	enum { WAYS = sizeof(ways) / sizeof(*ways) };
	const struct CMUnitTest		more[] = { cmocka_unit_test(
	    a_message_is_not_sent_before_the_reply_to_rset) };
	static struct combination	all[WAYS * COMBINATIONS];
	static char			sentences[WAYS * COMBINATIONS][100];

	for (int i = 0; i < WAYS * COMBINATIONS; i++) {
		int	n = i % COMBINATIONS;

		all[i] = (struct combination){ sentences[i],
		    &ways[i / COMBINATIONS], n };
		snprintf(sentences[i], sizeof(sentences[i]), "%s: %d %d %d",
		    all[i].way->sentence, replies[reply_to(n, 0)].code,
		    replies[reply_to(n, 1)].code,
		    replies[reply_to(n, 2)].code);
	}
	return CASES_RUN("combinations of replies", has_outcomes, all) +
	    CASES_RUN("refused MAIL", is_in_doubt, refusals) +
	    CASES_RUN("line breaks", is_not_sent, line_breaks) +
	    cmocka_run_group_tests(more, NULL, NULL);
}
