/* The query of a redirect: only that of this login has an effect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "token/redirect.h"

#define STATE	"s1-_"

struct redirect_case {
	const char	*sentence;
	const char	*query;
	enum redirect	 result;
	const char	*text;		/* the code, or why */
};

static const struct redirect_case cases[] = {
	{ "a code", "code=abc&state=" STATE, REDIRECT_CODE, "abc" },
	{ "parameters in another order, and unknown ones",
	    "state=" STATE "&iss=x&code=abc&session_state=y", REDIRECT_CODE,
	    "abc" },
	{ "an encoded code", "code=4%2F0A+b%7e&state=" STATE, REDIRECT_CODE,
	    "4/0A b~" },
	{ "no state", "code=abc", REDIRECT_FOREIGN, NULL },
	{ "another state", "code=abc&state=s1-x", REDIRECT_FOREIGN, NULL },
	{ "the beginning of the state", "code=abc&state=s1",
	    REDIRECT_FOREIGN, NULL },
	{ "a longer state", "code=abc&state=" STATE "x", REDIRECT_FOREIGN,
	    NULL },
	{ "two states", "code=abc&state=" STATE "&state=" STATE,
	    REDIRECT_FOREIGN, NULL },
	{ "a name that ends with state", "code=abc&xstate=" STATE,
	    REDIRECT_FOREIGN, NULL },
	{ "an empty query", "", REDIRECT_FOREIGN, NULL },
	{ "two codes", "code=abc&code=def&state=" STATE, REDIRECT_REFUSED,
	    "the redirect contains no authorization code" },
	{ "an empty code", "code=&state=" STATE, REDIRECT_REFUSED,
	    "the redirect contains no authorization code" },
	{ "a NUL in the code", "code=a%00b&state=" STATE, REDIRECT_REFUSED,
	    "the redirect contains no authorization code" },
	{ "an incomplete escape", "state=" STATE "&code=a%2",
	    REDIRECT_REFUSED, "the redirect contains no authorization code" },
	{ "an error", "error=access_denied&state=" STATE, REDIRECT_REFUSED,
	    "access_denied" },
	{ "an error with a description",
	    "error=access_denied&error_description=AADSTS65004%3a+User&state="
	    STATE, REDIRECT_REFUSED, "access_denied: AADSTS65004: User" },
	{ "an error with an escape sequence",
	    "error=%1b[2J&state=" STATE, REDIRECT_REFUSED, "\\033[2J" },
	{ "an error of another login", "error=access_denied&state=x",
	    REDIRECT_FOREIGN, NULL },
	{ "an error takes precedence over a code",
	    "code=abc&error=access_denied&state=" STATE, REDIRECT_REFUSED,
	    "access_denied" },
};

static void
is_read(void **state)
{
	const struct redirect_case	*c = *state;
	struct buffer			 code = { 0 };
	struct failure			 why;

	assert_int_equal(redirect_read(c->query, strlen(c->query), STATE,
	    &code, &why), c->result);
	if (c->result == REDIRECT_CODE)
		assert_string_equal(code.data, c->text);
	else
		assert_int_equal(code.len, 0);
	if (c->result == REDIRECT_REFUSED)
		assert_string_equal(why.text, c->text);
	buffer_wipe(&code);
}

int
main(void)
{
	return CASES_RUN("redirects", is_read, cases);
}
