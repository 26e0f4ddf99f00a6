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
	const char	*ascii;		/* NULL: refused */
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
	BECOMES("ASCII is unchanged",
	    " { \"a\\n\" : [] } ", " { \"a\\n\" : [] } "),
	BECOMES("a character in a string is escaped", "[\"\303\244\"]",
	    "[\"\\u00e4\"]"),
	BECOMES("a character above U+FFFF becomes two surrogates",
	    "{\"\360\237\230\200\":1}", "{\"\\ud83d\\ude00\":1}"),
	BECOMES("an escaped quote does not end a string",
	    "[\"\\\\\\\"\303\244\"]", "[\"\\\\\\\"\\u00e4\"]"),
	REFUSES("a character outside a string", "[\303\244]"),
	REFUSES("a character that is escaped", "[\"\\\303\244\"]"),
	REFUSES("an incomplete string", "[\"\303\244]"),
	REFUSES("text that is not UTF-8", "[\"\344\"]"),
	REFUSES("text after an object", "{\"a\"} b"),
	REFUSES("a single bracket", "["),
	REFUSES("blanks", " "),
};

int
main(void)
{
	return cmocka_run_group_tests(json_spec, NULL, NULL);
}
