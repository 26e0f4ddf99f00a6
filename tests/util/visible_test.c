/*
 * Foreign octets, made fit to be seen.
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
looks_like(void **state)
{
	const struct example	*e = *state;
	char			 out[100];

	assert_ptr_equal(visible(out, sizeof(out), e->in, e->len), out);
	assert_string_equal(out, e->out);
}

#define LOOKS(sentence, in, out) { sentence, looks_like, NULL, NULL, \
	&(struct example){ in, sizeof(in) - 1, out } }

/* What is visible in part stays so, and has no special characters. */
struct more {
	const char	*in;
	const char	*special;
	const char	*out;
};

static void
looks_like_more(void **state)
{
	const struct more	*e = *state;
	char			 out[100];

	assert_ptr_equal(visible_more(out, sizeof(out), e->in, e->special),
	    out);
	assert_string_equal(out, e->out);
}

#define MORE(sentence, in, special, out) { sentence, looks_like_more, NULL, \
	NULL, &(struct more){ in, special, out } }

/* Whatever the room, what is written is whole characters and ends in NUL. */
static void
cut_between_characters(void **state)
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
	LOOKS("plain text stays", "250 ok", "250 ok"),
	LOOKS("an escape sequence is shown", "\033[2J", "\\033[2J"),
	LOOKS("a NUL is shown", "a\0b", "a\\000b"),
	LOOKS("a line end is shown", "a\r\nb", "a\\015\\012b"),
	LOOKS("a backslash is doubled", "a\\001", "a\\\\001"),
	LOOKS("UTF-8 stays", "\303\251 \342\202\254 \360\237\230\200",
	    "\303\251 \342\202\254 \360\237\230\200"),
	LOOKS("a C1 control, which terminals obey, is shown",
	    "\302\233" "2J", "\\302\\2332J"),
	LOOKS("what turns text round is shown", "a\342\200\256b\342\201\246",
	    "a\\342\\200\\256b\\342\\201\\246"),
	LOOKS("so is a line end of Unicode's", "a\342\200\250b",
	    "a\\342\\200\\250b"),
	LOOKS("Latin-1 is shown", "\351t\351", "\\351t\\351"),
	LOOKS("an overlong form is shown", "\300\257", "\\300\\257"),
	LOOKS("half a character is shown", "a\342\202", "a\\342\\202"),
	LOOKS("a surrogate is shown", "\355\240\200", "\\355\\240\\200"),
	MORE("of a visible text, backslashes stay", "\\033[2J\\\\", "",
	    "\\033[2J\\\\"),
	MORE("octets that are not visible are escaped",
	    "\033[2J\n\342\200\256\303\251",
	    "", "\\033[2J\\012\\342\\200\\256\303\251"),
	MORE("special characters are shown as well", "a \"b\"", " \"",
	    "a\\040\\042b\\042"),
	cmocka_unit_test(cut_between_characters),
};

int
main(void)
{
	return cmocka_run_group_tests(visible_spec, NULL, NULL);
}
