/*
 * relais check: the stages in order, the exit status of the first one that
 * fails, and no message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/queue_fixture.h"

struct check_case {
	const char	*sentence;
	struct script	 script;
	const char	*conf;
	const char	*arguments[2];
	int		 status;
	const char	*out[4];	/* parts of standard output */
	const char	*err;		/* a part, or NULL: it is empty */
};

static const struct check_case checks[] = {
	{ "every stage of a working smarthost is reported", { 0 },
	    "root = admin@example.net\n", { NULL }, 0,
	    { "config   OK", "connect  OK", "RCPT TO:<admin@example.net>",
	    "rset     OK" }, NULL },
	{ "a smarthost that cannot be reached fails at the connection",
	    { .refusing = true }, NULL, { NULL }, EX_TEMPFAIL,
	    { "connect  FAIL", "onnection refused" }, NULL },
	{ "a refused sender fails at MAIL, with the server's reply",
	    { .steps = { { .at = ON_MAIL, .say = "553 5.7.1 not yours" } } },
	    "root = admin@example.net\n", { NULL }, EX_UNAVAILABLE,
	    { "mail     FAIL", "553 5.7.1 not yours" }, NULL },
	{ "a refused recipient fails at RCPT, with the server's reply",
	    { .steps = { { .at = ON_RCPT, .say = "550 5.1.1 nobody" } } },
	    "root = admin@example.net\n", { NULL }, EX_NOUSER,
	    { "mail     OK", "rcpt     FAIL", "550 5.1.1 nobody" }, NULL },
	{ "the smarthost of a section is tried with a matching sender", { 0 },
	    "[from *@shop.example]\nsmarthost = smtp://127.0.0.1:1\n",
	    { NULL }, EX_TEMPFAIL,
	    { "rset     OK", "connect  FAIL", "127.0.0.1:1" }, NULL },
	{ "without an address for root, MAIL is tried, and RCPT is not", { 0 },
	    "domain =\n", { NULL }, 0,
	    { "mail     OK", "rcpt     not checked", "rset     OK" }, NULL },
	{ "the JSON has the verdict and the reply of each stage",
	    { .steps = { { .at = ON_RCPT, .say = "550 5.1.1 nobody" } } },
	    "root = admin@example.net\n", { "--json" }, EX_NOUSER,
	    { "{\"findings\":[{\"stage\":\"config\",\"verdict\":\"ok\"",
	    "{\"stage\":\"rcpt\",\"verdict\":\"fail\"",
	    "550 5.1.1 nobody", "],\"status\":67}" }, NULL },
	{ "an unknown argument is refused", { 0 }, NULL, { "--every" },
	    EX_USAGE, { "" }, "usage: relais check" },
};

static void
assert_says(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("no \"%s\" in: %s", part, text);
}

static void
reports(void **state)
{
	const struct check_case	*c = *state;
	struct queue_fixture	 p;
	struct program_result	 o;

	queue_fixture_open(&p, &c->script, c->conf);
	relais_run(&o, p.conf, WORDS("check", c->arguments[0]), "");
	for (size_t i = 0; i < 4 && c->out[i] != NULL; i++)
		assert_says(o.out.data, c->out[i]);
	if (c->err != NULL)
		assert_says(o.err.data, c->err);
	else
		assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, c->status);
	assert_int_equal(mock_smtp_messages(p.host), 0);
	program_result_free(&o);
	queue_fixture_close(&p);
}

int
main(void)
{
	return CASES_RUN("check", reports, checks);
}
