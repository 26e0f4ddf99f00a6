/*
 * smtpd_reply_write: the lines of a reply.
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

#include "smtpd/smtpd_reply.h"
#include "support/cases.h"

#define TEN	"0123456789"
#define HUNDRED	TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define FULL	HUNDRED HUNDRED HUNDRED HUNDRED TEN TEN TEN TEN TEN TEN TEN

struct reply_case {
	const char	*sentence;
	const char	*enhanced;
	const char	*text;
	const char	*wire;
};

static const struct reply_case cases[] = {
	{ "one line", "5.1.1", "unknown user", "550 5.1.1 unknown user\r\n" },
	{ "no enhanced status code", "", "unknown user", "550 unknown user\r\n" },
	{ "no text", "5.1.1", "", "550 5.1.1 \r\n" },
	{ "two lines", "5.1.1", "one\ntwo",
	    "550-5.1.1 one\r\n550 5.1.1 two\r\n" },
	{ "a line of the maximum length", "", FULL TEN,
	    "550 " FULL TEN "\r\n" },
	{ "a longer line is continued in the next line", "",
	    FULL TEN "x", "550-" FULL TEN "\r\n550 x\r\n" },
	{ "a long line before another line", "", FULL TEN "x\ny",
	    "550-" FULL TEN "\r\n550-x\r\n550 y\r\n" },
	{ "control characters and reversed text are made visible", "5.1.3",
	    "no \033[2J\r\nand no \342\200\256x",
	    "550-5.1.3 no \\033[2J\\015\r\n"
	    "550 5.1.3 and no \\342\\200\\256x\r\n" },
	{ "a UTF-8 character is not split", "", FULL "012345678\303\251",
	    "550-" FULL "012345678\r\n550 \303\251\r\n" },
};

static void
is_written(void **state)
{
	const struct reply_case	*c = *state;
	struct smtpd_reply		 reply = { 0 };
	struct stream			 s;
	struct failure			 why;
	char				 wire[2048] = "";
	int				 pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	stream_open(&s, pair[0]);
	smtpd_reply_set(&reply, 550, c->enhanced, "%s", c->text);
	assert_true(smtpd_reply_write(&reply, &s, &why));
	assert_true(stream_flush(&s, &why));
	assert_true(read(pair[1], wire, sizeof(wire) - 1) > 0);
	assert_string_equal(wire, c->wire);
	smtpd_reply_free(&reply);
	stream_close(&s);
	close(pair[1]);
}

/* ------------------------------------------------------------- outcomes */

struct outcome_case {
	const char		*sentence;
	struct outcome		 outcome;
	const char		*text;		/* of the outcome */
	int			 code;
	const char		*enhanced;
};

static const struct outcome_case outcomes[] = {
	{ "a delivered message", { .kind = OUTCOME_DELIVERED, .code = 250 },
	    "250 Ok", 250, "2.0.0" },
	{ "a code about the mail system is passed on", {
	    .kind = OUTCOME_FAILED, .status = EX_NOUSER, .code = 550,
	    .enhanced = "5.1.1" }, "550 5.1.1 no", 550, "5.1.1" },
	{ "a code of another class is not", { .kind = OUTCOME_FAILED,
	    .status = EX_UNAVAILABLE, .code = 450, .enhanced = "4.2.1" },
	    "450 4.2.1 later", 554, "5.0.0" },
	{ "a code about the session is not", { .kind = OUTCOME_DEFERRED,
	    .status = EX_TEMPFAIL, .code = 421, .enhanced = "4.3.2" },
	    "421 4.3.2 bye", 451, "4.4.1" },
	{ "our own enhanced status code is used", { .kind = OUTCOME_FAILED,
	    .status = EX_UNAVAILABLE, .enhanced = "5.7.30" }, "no TLS", 554,
	    "5.7.30" },
	{ "a failure has a permanent code, whatever its status is", {
	    .kind = OUTCOME_FAILED, .status = EX_TEMPFAIL }, "given up", 554,
	    "5.0.0" },
	{ "a deferral has a transient code, whatever its status is", {
	    .kind = OUTCOME_DEFERRED, .status = EX_NOUSER }, "later", 451,
	    "4.0.0" },
};

static void
has_code(void **state)
{
	const struct outcome_case	*c = *state;
	struct smtpd_reply		 reply = { 0 };
	struct outcome			 outcome = c->outcome;

	outcome_set_text(&outcome, "%s", c->text);
	smtpd_reply_outcome(&reply, &outcome, NULL);
	assert_int_equal(reply.code, c->code);
	assert_string_equal(reply.enhanced, c->enhanced);
	assert_non_null(strstr(reply.text.data, c->text));
	smtpd_reply_free(&reply);
	outcome_clear(&outcome);
}

static void
the_number_of_errors_is_limited(void **state)
{
	enum { RECIPIENTS = 60 };
	struct outcome		all[RECIPIENTS] = { { 0 } };
	struct envelope		env = { 0 };
	struct smtpd_reply	reply = { 0 };
	char			path[40];
	size_t			lines = 0;

	(void)state;
	for (int i = 0; i < RECIPIENTS; i++) {
		snprintf(path, sizeof(path), "%d@example.net", i);
		envelope_add(&env, path);
		if (i == 0) {
			all[i].kind = OUTCOME_DELIVERED;
			continue;
		}
		all[i].kind = OUTCOME_FAILED;
		all[i].status = EX_NOUSER;
		outcome_set_text(&all[i], "550 no %d", i);
	}
	smtpd_reply_outcomes(&reply, &env, all, NULL);
	for (const char *at = reply.text.data; (at = strstr(at,
	    "not sent to ")) != NULL; at++)
		lines++;
	assert_int_equal(lines, 20);
	assert_non_null(strstr(reply.text.data, "\n39 more errors not shown\n"
	    "Error: accepted for 1 of 60 recipients"));
	smtpd_reply_free(&reply);
	for (int i = 0; i < RECIPIENTS; i++)
		outcome_clear(&all[i]);
	envelope_free(&env);
}

int
main(void)
{
	static const struct CMUnitTest	limit[] = {
		cmocka_unit_test(the_number_of_errors_is_limited),
	};

	return CASES_RUN("replies", is_written, cases) +
	    CASES_RUN("outcomes", has_code, outcomes) +
	    cmocka_run_group_tests_name("limits", limit, NULL, NULL);
}
