/*
 * When a login of the key token has not been used for too long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "runner/idle_login.h"
#include "support/cases.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"

enum { DAY = 24 * 60 * 60 };

struct idle_case {
	const char	*sentence;
	const char	*before, *after;	/* its path in the file */
	int		 days;			/* since it was renewed */
	bool		 due;
};

static const struct idle_case idle_cases[] = {
	{ "a login is due after a week", "user = b\ntoken = ", "\n", 7, true },
	{ "a younger login is not due", "user = b\ntoken = ", "\n", 6,
	    false },
	{ "a login of a section is due, too", "[to *@a]\nsmarthost = smtp://b\n"
	    "user = c\ntoken = ", "\n", 7, true },
	{ "a login that does not exist is not due",
	    "user = b\ntoken = ", "/no\n", 7, false },
	{ "without a login none is due", "user = b\npassword = ", "\n", 7,
	    false },
};

static void
is_due(void **state)
{
	const struct idle_case	*c = *state;
	const time_t		 renewed = time(NULL);
	const struct timespec	 times[2] = { { .tv_sec = renewed },
				    { .tv_sec = renewed } };
	char			 text[400];
	struct temp_dir		 dir;
	struct config		 config;
	const char		*login;

	temp_dir_make(&dir);
	login = temp_dir_write(&dir, "login", 0600, "");
	assert_int_equal(utimensat(-1, login, times, 0), 0);
	snprintf(text, sizeof(text), "smarthost = submission://a\n"
	    "%s%s%s", c->before, login, c->after);
	conf_load(&config, &dir, text);
	assert_int_equal(idle_login_is_due(&config, renewed + c->days * DAY),
	    c->due);
	config_free(&config);
	temp_dir_remove(&dir);
}

int
main(void)
{
	return CASES_RUN("idle logins", is_due, idle_cases);
}
