/*
 * relais check: the order of the stages, and the exit status, which is that of
 * the first stage that fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/conf.h"
#include "support/program.h"
#include "util/buffer.h"

struct status_case {
	const char	*sentence;
	const char	*more;		/* lines of relais.conf */
	const char	*aliases;	/* the file, or NULL */
	int		 status;
	const char	*first;		/* the first finding that fails */
	const char	*remedy;	/* a line of the output, or NULL */
};

/* The smarthost refuses connections, which is status 75. */
static const struct status_case statuses[] = {
	{ "warnings of this machine do not change the status",
	    "alarm_after = 2h\ndomain =\n", NULL, EX_TEMPFAIL, "connect ",
	    NULL },
	{ "settings that contradict each other",
	    "family = ipv6\nsource_address = 127.0.0.1\n", NULL, EX_CONFIG,
	    "config ", NULL },
	{ "an unknown key is a finding", "smarthots = a\n", NULL,
	    EX_CONFIG, "config   FAIL        unknown key \"smarthots\"; did "
	    "you mean smarthost? (/",
	    "-> correct this line; until then, no mail is sent\n" },
	{ "a missing key that another one requires is a finding", "user = x\n",
	    NULL,
	    EX_CONFIG, "config   FAIL        user requires ", NULL },
	{ "a password file that does not exist",
	    "user = x\npassword_file = /nonexistent/password\n"
	    "tls = required\n", NULL, EX_CONFIG, "secrets ", NULL },
	{ "a loop in the aliases", "", "kim: nina\nnina: kim\n", EX_CONFIG,
	    "aliases ", NULL },
	{ "an aliases file that does not exist",
	    "aliases = /nonexistent/aliases\n", NULL, EX_CONFIG, "aliases ",
	    NULL },
	{ "the first of two stages that fail decides",
	    "family = ipv6\nsource_address = 127.0.0.1\n", "kim: kim\n",
	    EX_CONFIG, "config ", NULL },
};

/* The stage of the first line with FAIL. */
static const char *
first_failure(const char *out)
{
	const char	*at = strstr(out, " FAIL  ");

	while (at != NULL && at > out && at[-1] != '\n')
		at--;
	return at != NULL ? at : "";
}

static void
status_is_that_of_the_first_failure(void **state)
{
	const struct status_case *c = *state;
	struct temp_dir		 dir;
	struct buffer		 lines = { 0 };
	struct program_result	 o;

	temp_dir_make(&dir);
	buffer_addf(&lines, "smarthost = smtp://127.0.0.1:1\nsocket = off\n%s",
	    c->more);
	if (c->aliases != NULL)
		buffer_addf(&lines, "aliases = %s\n", temp_dir_write(&dir,
		    "my-aliases", 0600, c->aliases));
	relais_run(&o, conf_write(&dir, NULL, NULL, lines.data),
	    WORDS("check"), "");
	if (strncmp(first_failure(o.out.data), c->first,
	    strlen(c->first)) != 0)
		fail_msg("the first failure is not of %s: %s", c->first,
		    o.out.data);
	if (c->remedy != NULL && strstr(o.out.data, c->remedy) == NULL)
		fail_msg("no \"%s\" in: %s", c->remedy, o.out.data);
	assert_int_equal(o.status, c->status);
	assert_string_equal(o.err.data, "");
	program_result_free(&o);
	buffer_free(&lines);
	temp_dir_remove(&dir);
}

static void
stages_are_in_order(void **state)
{
	static const char *const stages[] = { "config ", "\nsecrets ",
		"\naliases ", "\nspool ", "\nservice ", "\nnames ",
		"\nprogram ", "\nlookup ", "\nconnect ", "\ngreeting ",
		"\nehlo ", "\ntls ", "\nauth ", "\nmail ", "\nrcpt ",
		"\nrset " };
	const struct script	 script = { .refusing = false };
	struct mock_smtp	*host = mock_smtp_start(&script);
	struct temp_dir		 dir;
	struct program_result	 o;
	const char		*at;

	(void)state;
	temp_dir_make(&dir);
	relais_run(&o, conf_write(&dir, host, "smtp", "socket = off\n"),
	    WORDS("check"), "");
	at = o.out.data;
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		const char	*next = strstr(at, stages[i]);

		if (next == NULL)
			fail_msg("no %s after \"%.20s\" in: %s", stages[i], at,
			    o.out.data);
		at = next;
	}
	assert_int_equal(o.status, EX_OK);
	program_result_free(&o);
	mock_smtp_stop(host);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest order_spec[] = {
	{ "the stages are in order", stages_are_in_order, NULL, NULL, NULL },
};

int
main(void)
{
	return CASES_RUN("the status", status_is_that_of_the_first_failure,
	    statuses) + cmocka_run_group_tests(order_spec, NULL, NULL);
}
