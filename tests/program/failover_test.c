/*
 * Two smarthosts: the failures of the first for which the second is tried, and
 * the failures of BDAT.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "support/certificate.h"
#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"

struct failover_case {
	const char	*sentence;
	struct script	 first;
	const char	*scheme;	/* of the first; NULL: smtp */
	const char	*more;
	int		 status;
	const char	*err;		/* NULL: none */
	bool		 second;	/* it gets the message */
};

#define LOGIN "user = me\npassword = secret\ntls = off\nauth = PLAIN\n"

static const struct failover_case cases[] = {
	{ "the first smarthost accepts the message", { 0 }, .second = false },
	{ "the connection is refused", { .refusing = true }, .second = true },
	{ "the connection times out", { .black_hole = true },
	    .more = "connect_timeout = 200ms\n", .second = true },
	{ "the greeting is a permanent refusal",
	    { .steps = { { .at = ON_GREETING,
	    .say = "554 5.7.1 go away" } } }, .second = true },
	{ "the greeting is a temporary refusal",
	    { .steps = { { .at = ON_GREETING,
	    .say = "421 4.3.2 busy" } } }, .second = true },
	{ "the server sends no greeting", { .steps = { { .at = ON_GREETING,
	    .say = "", .then = THEN_HANG } } }, .more = "timeout = 2s\n",
	    .second = true },
	{ "EHLO and HELO are refused", { .steps = { { .at = ON_EHLO,
	    .say = "550 no" }, { .at = ON_HELO, .say = "550 no" } } },
	    .second = true },
	{ "the server does not offer the required TLS", { 0 },
	    .scheme = "submission", .second = true },
	{ "the certificate is not trusted", { .security = STARTTLS_OFFERED },
	    .scheme = "submission", .second = true },
	{ "the credentials are rejected", { .user = "me", .password = "other",
	    .mechanisms = "PLAIN" }, .more = LOGIN, .second = true },
	{ "the connection is lost at MAIL",
	    { .steps = { { .at = ON_MAIL, .say = "",
	    .then = THEN_CLOSE } } }, .second = true },
	{ "the reply to RCPT is 421", { .steps = { { .at = ON_RCPT,
	    .say = "421 4.3.2 going", .then = THEN_CLOSE } } },
	    .second = true },
	{ "the connection is lost at DATA", { .keywords = "PIPELINING",
	    .steps = { { .at = ON_DATA, .say = "", .then = THEN_CLOSE } } },
	    .second = true },
	{ "a refused sender is an outcome", { .steps = { { .at = ON_MAIL,
	    .say = "550 5.7.1 not you" } } }, .status = EX_UNAVAILABLE,
	    .err = "550 5.7.1 not you" },
	{ "a refused recipient is an outcome", { .steps = { { .at = ON_RCPT,
	    .say = "550 5.1.1 who?" } } }, .status = EX_NOUSER,
	    .err = "550 5.1.1 who?" },
	{ "a deferred sender is an outcome", { .steps = { { .at = ON_MAIL,
	    .say = "451 4.3.0 later" } } }, .status = EX_TEMPFAIL,
	    .err = "451 4.3.0 later" },
	{ "a refused message is an outcome", { .steps = { { .at = ON_BODY,
	    .say = "554 5.6.0 no" } } }, .status = EX_UNAVAILABLE,
	    .err = "554 5.6.0 no" },
	{ "after the message was sent, no other smarthost gets it", { .steps = {
	    { .at = ON_BODY, .say = "", .then = THEN_CLOSE } } },
	    .status = EX_TEMPFAIL,
	    .err = "may have accepted the message" },
	{ "after a part of the message was sent, no other smarthost gets it",
	    { .steps = { { .at = ON_IN_BODY,
	    .after = 1, .say = "", .then = THEN_RESET } } },
	    .status = EX_TEMPFAIL, .err = "127.0.0.1" },
	{ "after an early BDAT, no other smarthost gets the message",
	    { .steps = {
	    { .at = ON_RCPT, .say = "", .then = THEN_CLOSE } } },
	    .more = "early_bdat = yes\n", .status = EX_TEMPFAIL,
	    .err = "may have accepted the message" },
	{ "after 421 to the envelope of an early BDAT, the next one is tried",
	    { .steps = {
	    { .at = ON_RCPT, .say = "421 4.3.2 going",
	    .then = THEN_CLOSE } } }, .more = "early_bdat = yes\n",
	    .second = true },
};

static void
write_conf(char *path, size_t size, struct temp_dir *dir,
    const struct failover_case *c, const struct mock_smtp *first,
    const struct mock_smtp *second)
{
	struct buffer	more = { 0 };

	buffer_addf(&more, "smarthost = %s://127.0.0.1:%u "
	    "smtp://127.0.0.1:%u\n%s", c->scheme != NULL ? c->scheme : "smtp",
	    first->port, second->port, c->more != NULL ? c->more : "");
	strlcpy(path, conf_write(dir, first, "smtp", more.data), size);
	buffer_free(&more);
}

static void
the_next_smarthost_is_tried_or_not(void **state)
{
	const struct failover_case	*c = *state;
	struct script			 script = c->first;
	struct script			 good = { .user = "me",
					    .password = "secret" };
	struct usual_certificates	 certificates;
	struct mock_smtp		*first, *second;
	struct temp_dir			 dir;
	struct program_result		 out;
	char				 conf[512];

	temp_dir_make(&dir);
	certificate_usual(&certificates, &dir);
	script.certificate = certificates.chain;
	script.key = certificates.key;
	first = mock_smtp_start(&script);
	second = mock_smtp_start(&good);
	write_conf(conf, sizeof(conf), &dir, c, first, second);
	relais_run(&out, conf, WORDS("-i", "-fa@example.org",
	    "b@example.net"), "Subject: one\n\nHello\n");
	assert_int_equal(out.status, c->status);
	if (c->err == NULL)
		assert_string_equal(out.err.data, "");
	else if (strstr(out.err.data, c->err) == NULL)
		fail_msg("stderr lacks \"%s\": %s", c->err, out.err.data);
	assert_int_equal(mock_smtp_messages(second), c->second);
	program_result_free(&out);
	mock_smtp_stop(first);
	mock_smtp_stop(second);
	temp_dir_remove(&dir);
}

/* If both fail, the error names both; one temporary failure defers. */
static void
the_error_names_all_smarthosts(void **state)
{
	struct script		 no = { .steps = { { .at = ON_GREETING,
				    .say = "554 5.7.1 go away" } } };
	struct script		 busy = { .steps = { { .at = ON_GREETING,
				    .say = "450 4.3.2 busy" } } };
	struct mock_smtp	*first = mock_smtp_start(&no);
	struct mock_smtp	*second = mock_smtp_start(&busy);
	struct failover_case	 c = { 0 };
	struct temp_dir		 dir;
	struct program_result	 out;
	char			 conf[512];

	(void)state;
	temp_dir_make(&dir);
	write_conf(conf, sizeof(conf), &dir, &c, first, second);
	relais_run(&out, conf, WORDS("-i", "b@example.net"), "\nHello\n");
	assert_int_equal(out.status, EX_TEMPFAIL);
	assert_non_null(strstr(out.err.data, "554 5.7.1 go away"));
	assert_non_null(strstr(out.err.data, "450 4.3.2 busy"));
	program_result_free(&out);
	mock_smtp_stop(first);
	mock_smtp_stop(second);
	temp_dir_remove(&dir);
}

/* A service that hangs must not block its clients. */
static void
a_socket_that_does_not_accept_times_out(void **state)
{
	struct script		 script = { .black_hole = true };
	struct mock_smtp	*host;
	struct temp_dir		 dir;
	struct program_result	 out;

	(void)state;
	temp_dir_make(&dir);
	script.address = temp_dir_path(&dir, "lmtp");
	host = mock_smtp_start(&script);
	relais_run(&out, conf_write(&dir, host, "lmtp", "tls = off\n"
	    "connect_timeout = 300ms\n"), WORDS("-i", "b@example.net"),
	    "\nHello\n");
	assert_int_equal(out.status, EX_TEMPFAIL);
	assert_non_null(strstr(out.err.data, "/lmtp: timed out"));
	program_result_free(&out);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

struct bdat_case {
	const char	*sentence;
	struct script	 script;
	bool		 early;
	size_t		 connections;
	const char	*heard;		/* on the last of them */
};

static const struct bdat_case bdat_cases[] = {
	{ "after a refused early BDAT, DATA is used in the same session",
	    { .steps = {
	    { .at = ON_BODY, .match = "BDAT",
	    .say = "503 5.5.1 wait for RCPT" } } }, true, 1,
	    "EHLO|MAIL|RCPT|BDAT|RSET|MAIL|RCPT|DATA|QUIT" },
	{ "after an early BDAT that is refused with another code, DATA is used",
	    { .steps = {
	    { .at = ON_BODY, .match = "BDAT", .say = "554 5.5.0 no" } } },
	    true, 1, "EHLO|MAIL|RCPT|BDAT|RSET|MAIL|RCPT|DATA|QUIT" },
	{ "if BDAT ends the session, DATA is used in a new one", { .steps = {
	    { .at = ON_BODY, .match = "BDAT",
	    .say = "500 5.5.2 unknown command" } } }, false, 2,
	    "EHLO|MAIL|RCPT|DATA|QUIT" },
};

static void
the_message_is_delivered(void **state)
{
	const struct bdat_case	*c = *state;
	struct mock_smtp	*host = mock_smtp_start(&c->script);
	struct temp_dir		 dir;
	struct program_result	 out;
	char			*heard;

	temp_dir_make(&dir);
	relais_run(&out, conf_write(&dir, host, "smtp",
	    c->early ? "early_bdat = yes\n" : NULL), WORDS("-i",
	    "b@example.net"), "\nHello\n");
	assert_string_equal(out.err.data, "");
	assert_int_equal(out.status, 0);
	assert_true(mock_smtp_wait_closed(host, c->connections));
	heard = heard_commands(mock_smtp_heard(host, c->connections - 1),
	    false);
	assert_string_equal(heard, c->heard);
	free(heard);
	program_result_free(&out);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

int
main(void)
{
	enum {
		N = sizeof(cases) / sizeof(*cases),
		M = sizeof(bdat_cases) / sizeof(*bdat_cases),
	};
	struct CMUnitTest	tests[N + M + 2];

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
		    .test_func = the_next_smarthost_is_tried_or_not,
		    .initial_state = (void *)(uintptr_t)&cases[i] };
	for (size_t i = 0; i < M; i++)
		tests[N + i] = (struct CMUnitTest){
		    .name = bdat_cases[i].sentence,
		    .test_func = the_message_is_delivered,
		    .initial_state = (void *)(uintptr_t)&bdat_cases[i] };
	tests[N + M] = (struct CMUnitTest)cmocka_unit_test(
	    the_error_names_all_smarthosts);
	tests[N + M + 1] = (struct CMUnitTest)cmocka_unit_test(
	    a_socket_that_does_not_accept_times_out);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
