/*
 * Some recipients are taken and some are not: every mixture for three of
 * them, in every way a message can travel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/connect.h"
#include "smtp/session.h"
#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/temp_dir.h"

enum { PATHS = 3, MIXTURES = 27 };

struct way {
	const char	*sentence;
	const char	*keywords;
	bool		 early;
	bool		 lmtp;
	bool		 at_body;	/* LMTP: mixed after the message */
	bool		 unix_socket;
};

static const struct way ways[] = {
	{ "DATA, step by step", .keywords = "8BITMIME" },
	{ "DATA, pipelined", .keywords = "PIPELINING" },
	{ "BDAT, step by step", .keywords = "CHUNKING" },
	{ "BDAT, pipelined", .keywords = "PIPELINING\nCHUNKING" },
	{ "BDAT with the envelope", "PIPELINING\nCHUNKING", .early = true },
	{ "LMTP, RCPT refused", "PIPELINING", .lmtp = true },
	{ "LMTP, DATA, step by step", "8BITMIME", .lmtp = true,
	    .at_body = true },
	{ "LMTP, DATA, pipelined", "PIPELINING", .lmtp = true,
	    .at_body = true },
	{ "LMTP, DATA though BDAT is offered", "PIPELINING\nCHUNKING",
	    .lmtp = true, .at_body = true },
	{ "LMTP over a Unix socket", "PIPELINING\nCHUNKING", .lmtp = true,
	    .at_body = true, .unix_socket = true },
};

static const char *const path[PATHS] = {
	"one@example.net", "two@example.net", "three@example.net",
};

/* What is said to a path; how that is to be understood. */
static const struct {
	const char		*say;
	enum outcome_kind	 kind;
	int			 code;
} answers[PATHS] = {
	{ "250 2.1.5 yes", OUTCOME_DELIVERED, 250 },
	{ "450 4.2.1 later", OUTCOME_DEFERRED, 450 },
	{ "550 5.1.1 who?", OUTCOME_FAILED, 550 },
};

static const int powers[PATHS] = { 1, 3, 9 };

/* Of path i in this mixture. */
static size_t
answer_of(int mixture, size_t i)
{
	return (size_t)(mixture / powers[i] % 3);
}

static void
write_script(struct script *script, const struct way *way, int mixture)
{
	*script = (struct script){ .keywords = way->keywords,
	    .lmtp = way->lmtp };
	for (size_t i = 0; i < PATHS; i++)
		script->steps[i] = (struct step){
			.at = way->at_body ? ON_BODY : ON_RCPT,
			.match = path[i],
			.say = answers[answer_of(mixture, i)].say,
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
open_session(struct session *s, const struct session_options *options,
    const struct mock_smtp *host)
{
	struct endpoint		where = { .port = host->port };
	struct connect_options	how = { .family = AF_UNSPEC };
	struct failure		why;
	int			fd;

	if (host->port == 0)
		where.path = host->address;
	else
		where.host = host->address;
	fd = connect_to(&where, &how, &why);
	if (fd == -1)
		fail_msg("%s", why.text);
	if (!session_open(s, fd, options, &why))
		fail_msg("%s", why.text);
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
check_outcomes(int mixture, const struct outcome *outcomes)
{
	for (size_t i = 0; i < PATHS; i++) {
		size_t	a = answer_of(mixture, i);

		if (outcomes[i].kind != answers[a].kind)
			fail_msg("mixture %d, %s: %d: %s", mixture, path[i],
			    outcomes[i].kind, outcomes[i].text);
		assert_int_equal(outcomes[i].code, answers[a].code);
		if (answers[a].kind == OUTCOME_DEFERRED)
			assert_int_equal(outcomes[i].status, EX_TEMPFAIL);
		else if (answers[a].kind == OUTCOME_FAILED)
			assert_int_equal(outcomes[i].status, EX_NOUSER);
		assert_false(outcomes[i].in_doubt);
	}
}

/* Nothing went out for nobody, except where it was on its way already. */
static void
check_message(struct mock_smtp *host, const struct way *way, int mixture)
{
	size_t	taken = 0;

	for (size_t i = 0; i < PATHS; i++)
		taken += way->at_body || answer_of(mixture, i) == 0;
	if (taken > 0 || way->early)
		assert_true(mock_smtp_wait_messages(host, 1));
	else
		assert_int_equal(mock_smtp_messages(host), 0);
}

static void
try_mixture(const struct way *way, struct temp_dir *dir, int mixture)
{
	struct session_options	options = { .prefix = "", .lmtp = way->lmtp,
				    .helo = "client.example",
				    .early_bdat = way->early };
	struct envelope		env = { 0 };
	struct outcome		outcomes[PATHS] = { { 0 } };
	struct outcome		next[1] = { { 0 } };
	struct script		script;
	struct mock_smtp	*host;
	struct session		s;

	write_script(&script, way, mixture);
	if (way->unix_socket)
		script.address = temp_dir_path(dir, "lmtp");
	host = mock_smtp_start(&script);
	envelope_set_reverse(&env, "a@example.org");
	for (size_t i = 0; i < PATHS; i++)
		envelope_add(&env, path[i]);
	open_session(&s, &options, host);
	send_one(&s, &env, outcomes);
	check_outcomes(mixture, outcomes);
	check_message(host, way, mixture);
	/* The session is still in step. */
	env.n = 1;
	send_one(&s, &env, next);
	assert_int_equal(next[0].kind, OUTCOME_DELIVERED);
	env.n = PATHS;
	session_close(&s);
	envelope_free(&env);
	mock_smtp_stop(host);
}

static void
every_mixture(void **state)
{
	struct temp_dir	dir;

	temp_dir_make(&dir);
	for (int mixture = 0; mixture < MIXTURES; mixture++)
		try_mixture(*state, &dir, mixture);
	temp_dir_remove(&dir);
}

/* What would become a command of its own is not said. */
static void
no_line_break_is_sent(void **state)
{
	struct session_options	options = { .helo = "client.example" };
	struct mock_smtp	*host = mock_smtp_start(&(struct script){ 0 });
	struct session		s;

	(void)state;
	open_session(&s, &options, host);
	for (size_t i = 0; i < 4; i++) {
		struct outcome	outcomes[2] = { { 0 } };
		struct envelope	env = { 0 };
		char		word[] = "a@example.net\r\nRSET";

		envelope_set_reverse(&env, i == 0 ? word : "a@example.org");
		env.envid = i == 1 ? strdup(word) : NULL;
		envelope_add(&env, i == 2 ? word : path[0])->orcpt = i == 3 ?
		    strdup(word) : NULL;
		envelope_add(&env, path[1]);
		send_one(&s, &env, outcomes);
		assert_int_equal(outcomes[0].kind, OUTCOME_FAILED);
		assert_int_equal(outcomes[1].kind, i < 2 ? OUTCOME_FAILED :
		    OUTCOME_DELIVERED);
		assert_null(strpbrk(outcomes[0].text, "\r\n"));
		envelope_free(&env);
	}
	session_close(&s);
	assert_true(mock_smtp_wait_closed(host, 1));
	assert_null(strstr(mock_smtp_heard(host, 0)->wire.data, "RSET"));
	mock_smtp_stop(host);
}

int
main(void)
{
	static const struct CMUnitTest	more[] = {
		cmocka_unit_test(no_line_break_is_sent),
	};

	return CASES_RUN("partial acceptance", every_mixture, ways) +
	    cmocka_run_group_tests(more, NULL, NULL);
}
