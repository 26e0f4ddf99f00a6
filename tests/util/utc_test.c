#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "support/cases.h"
#include "util/utc.h"

struct utc_case {
	const char	*sentence;
	int64_t		 seconds;
	const char	*text;
};

static const struct utc_case utc_spec[] = {
	{ "the epoch", 0, "1970-01-01 00:00:00 UTC" },
	{ "a time in UTC, whatever TZ is", 1795955400,
	    "2026-11-29 12:30:00 UTC" },
	{ "a time that is not in a year that int can hold", INT64_MAX,
	    "an unknown time" },
};

static void
is_text(void **state)
{
	const struct utc_case	*c = *state;
	char			 text[64];

	assert_string_equal(utc_text(text, sizeof(text), c->seconds),
	    c->text);
}

int
main(void)
{
	setenv("TZ", "XYZ-5", 1);
	return CASES_RUN("utc", is_text, utc_spec);
}
