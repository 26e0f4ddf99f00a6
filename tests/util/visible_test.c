/*
 * Escapes of characters that are not safe for a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "util/visible.h"

struct example {
	const char	*in;
	size_t		 len;
	const char	*out;
};

static void
escapes(void **state)
{
	const struct example	*e = *state;
	char			 out[100];

	assert_ptr_equal(visible(out, sizeof(out), e->in, e->len), out);
	assert_string_equal(out, e->out);
}

#define ESCAPES(sentence, in, out) { sentence, escapes, NULL, NULL, \
	&(struct example){ in, sizeof(in) - 1, out } }

/* Text that may contain escapes, and special characters. */
struct more {
	const char	*in;
	const char	*special;
	const char	*out;
};

static void
escapes_more(void **state)
{
	const struct more	*e = *state;
	char			 out[100];

	assert_ptr_equal(visible_more(out, sizeof(out), e->in, e->special),
	    out);
	assert_string_equal(out, e->out);
}

#define ESCAPES_MORE(sentence, in, special, out) \
	{ sentence, escapes_more, NULL, NULL, \
	&(struct more){ in, special, out } }

/* For each size, the result consists of whole characters and ends with NUL. */
static void
text_is_truncated_between_characters(void **state)
{
	static const char	text[] = "a\303\251\001\342\202\254\\z";
	static const char	whole[] = "a\303\251\\001\342\202\254\\\\z";
	static const size_t	ends[] = { 0, 1, 3, 7, 10, 12, 13 };

	(void)state;
	for (size_t size = 1; size <= sizeof(whole); size++) {
		char	out[20];
		size_t	want = 0;

		for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
			if (ends[i] < size)
				want = ends[i];
		memset(out, 'x', sizeof(out));
		visible(out, size, text, sizeof(text) - 1);
		assert_int_equal(strlen(out), want);
		assert_memory_equal(out, whole, want);
		assert_int_equal(out[size], 'x');
	}
}

static const struct CMUnitTest visible_spec[] = {
	ESCAPES("plain text is unchanged", "250 ok", "250 ok"),
	ESCAPES("an escape sequence is escaped", "\033[2J", "\\033[2J"),
	ESCAPES("a NUL is escaped", "a\0b", "a\\000b"),
	ESCAPES("a line end is escaped", "a\r\nb", "a\\015\\012b"),
	ESCAPES("a backslash is doubled", "a\\001", "a\\\\001"),
	ESCAPES("UTF-8 is unchanged", "\303\251 \342\202\254 \360\237\230\200",
	    "\303\251 \342\202\254 \360\237\230\200"),
	ESCAPES("a C1 control, which terminals obey, is escaped",
	    "\302\233" "2J", "\\302\\2332J"),
	ESCAPES("a character that changes the direction is escaped",
	    "a\342\200\256b\342\201\246",
	    "a\\342\\200\\256b\\342\\201\\246"),
	ESCAPES("a line separator of Unicode is escaped", "a\342\200\250b",
	    "a\\342\\200\\250b"),
	ESCAPES("Latin-1 is escaped", "\351t\351", "\\351t\\351"),
	ESCAPES("an overlong form is escaped", "\300\257", "\\300\\257"),
	ESCAPES("an incomplete character is escaped",
	    "a\342\202", "a\\342\\202"),
	ESCAPES("a surrogate is escaped", "\355\240\200", "\\355\\240\\200"),
	ESCAPES_MORE("escapes in the text are not escaped again",
	    "\\033[2J\\\\", "",
	    "\\033[2J\\\\"),
	ESCAPES_MORE("octets that are not visible are escaped",
	    "\033[2J\n\342\200\256\303\251",
	    "", "\\033[2J\\012\\342\\200\\256\303\251"),
	ESCAPES_MORE("special characters are escaped", "a \"b\"", " \"",
	    "a\\040\\042b\\042"),
	cmocka_unit_test(text_is_truncated_between_characters),
};

int
main(void)
{
	return cmocka_run_group_tests(visible_spec, NULL, NULL);
}
