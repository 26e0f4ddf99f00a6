/*
 * JSON that has to be ASCII.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "util/json.h"

struct example {
	const char	*text;
	const char	*ascii;		/* NULL: it is not taken for JSON */
};

static void
becomes(void **state)
{
	const struct example	*e = *state;
	struct buffer		 out = { 0 };

	buffer_add_text(&out, "-");
	assert_int_equal(json_to_ascii(&out, e->text, strlen(e->text)),
	    e->ascii != NULL);
	assert_int_equal(out.len, 1 + (e->ascii != NULL ? strlen(e->ascii) :
	    0));
	if (e->ascii != NULL)
		assert_string_equal(out.data + 1, e->ascii);
	buffer_free(&out);
}

#define BECOMES(sentence, text, ascii) \
	{ sentence, becomes, NULL, NULL, &(struct example){ text, ascii } }
#define REFUSES(sentence, text) BECOMES(sentence, text, NULL)

static const struct CMUnitTest json_spec[] = {
	BECOMES("ASCII stays", " { \"a\\n\" : [] } ", " { \"a\\n\" : [] } "),
	BECOMES("a character in a string is escaped", "[\"\303\244\"]",
	    "[\"\\u00e4\"]"),
	BECOMES("as a pair of surrogates beyond U+FFFF",
	    "{\"\360\237\230\200\":1}", "{\"\\ud83d\\ude00\":1}"),
	BECOMES("a quote with a backslash ends no string",
	    "[\"\\\\\\\"\303\244\"]", "[\"\\\\\\\"\\u00e4\"]"),
	REFUSES("a character outside a string", "[\303\244]"),
	REFUSES("a character that is escaped", "[\"\\\303\244\"]"),
	REFUSES("a string without its end", "[\"\303\244]"),
	REFUSES("what is not UTF-8", "[\"\344\"]"),
	REFUSES("what only begins like an object", "{\"a\"} b"),
	REFUSES("a bracket", "["),
	REFUSES("nothing", " "),
};

int
main(void)
{
	return cmocka_run_group_tests(json_spec, NULL, NULL);
}
