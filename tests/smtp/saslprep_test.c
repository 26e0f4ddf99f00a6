/*
 * SASLprep (RFC 4013), with and without libunistring.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <cmocka.h>

#include "smtp/saslprep.h"

struct preparation {
	const char	*text;
	const char	*want;		/* NULL: refused */
	const char	*says;
};

static void
check_result(const struct preparation *p, bool ok, struct buffer *out,
    const struct failure *why)
{
	if (p->want != NULL) {
		assert_true(ok);
		assert_string_equal(out->data, p->want);
	} else {
		assert_false(ok);
		assert_int_equal(out->len, 0);
		assert_int_equal(why->status, EX_CONFIG);
		assert_non_null(strstr(why->text, p->says));
		assert_non_null(strstr(why->text, "the secret"));
	}
	buffer_wipe(out);
}

static void
prepares(void **state)
{
	const struct preparation	*p = *state;
	struct buffer			 out = { 0 };
	struct failure			 why;
	bool				 ok;

	ok = saslprep(&out, p->text, "the secret", &why);
	check_result(p, ok, &out, &why);
}

static void
prepares_alone(void **state)
{
	const struct preparation	*p = *state;
	struct buffer			 out = { 0 };
	struct failure			 why;
	bool				 ok;

	ok = saslprep_with(NULL, &out, p->text, "the secret", &why);
	check_result(p, ok, &out, &why);
}

static void
the_library_is_installed(void **state)
{
	struct saslprep_library	unicode;

	(void)state;
	assert_true(saslprep_load(&unicode));
	assert_int_equal(unicode.direction('A'), 0);
	assert_int_equal(unicode.direction(0x5d0), 3);
	assert_int_equal(unicode.direction(0x627), 4);
}

/* The character between two letters with which it may be composed. */
static void
between(char text[8], uint32_t c)
{
	*text++ = 'u';
	if (c >= 0x800)
		*text++ = (char)(0xe0 | c >> 12);
	*text++ = (char)(c >= 0x800 ? 0x80 | (c >> 6 & 0x3f) : 0xc0 | c >> 6);
	*text++ = (char)(0x80 | (c & 0x3f));
	*text++ = 'u';
	*text = '\0';
}

/* Text that does not require the library is not changed by the library. */
static void
text_that_nfkc_changes_requires_the_library(void **state)
{
	struct saslprep_library	unicode;

	(void)state;
	assert_true(saslprep_load(&unicode));
	for (uint32_t c = 0x80; c <= 0xffff; c++) {
		struct buffer	alone = { 0 }, with = { 0 };
		struct failure	why;
		char		text[8];

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		between(text, c);
		if (saslprep_with(NULL, &alone, text, "it", &why)) {
			size_t	 len = 0;
			uint8_t	*normal = unicode.normalize(unicode.nfkc,
				    (uint8_t *)alone.data, alone.len, NULL,
				    &len);

			if (normal == NULL || len != alone.len ||
			    memcmp(normal, alone.data, len) != 0)
				fail_msg("U+%04X", (unsigned)c);
			free(normal);
			assert_true(saslprep_with(&unicode, &with, text, "it",
			    &why));
			assert_string_equal(alone.data, with.data);
		}
		buffer_free(&alone);
		buffer_free(&with);
	}
}

static void
appends(void **state)
{
	struct buffer	out = { 0 };
	struct failure	why;

	(void)state;
	buffer_add_text(&out, "before ");
	assert_true(saslprep(&out, "after", "the secret", &why));
	assert_string_equal(out.data, "before after");
	buffer_wipe(&out);
}

#define ROW(sentence, function, text, want, says) \
	{ sentence, function, NULL, NULL, \
	    &(struct preparation){ text, want, says } }
#define PREPARES(sentence, text, want) \
	ROW(sentence, prepares, text, want, NULL)
#define REFUSES(sentence, text, says) \
	ROW(sentence, prepares, text, NULL, says)
#define ALONE(sentence, text, want) \
	ROW("without the library " sentence, prepares_alone, text, want, NULL)
#define ALONE_REFUSES(sentence, text, says) \
	ROW("without the library " sentence, prepares_alone, text, NULL, says)

int
main(void)
{
	const struct CMUnitTest	saslprep_spec[] = {
		cmocka_unit_test(the_library_is_installed),
		cmocka_unit_test(text_that_nfkc_changes_requires_the_library),
		cmocka_unit_test(appends),

		/* The examples of RFC 4013 section 3, in its order. */
		PREPARES("a soft hyphen is mapped to nothing",
		    "I\302\255X", "IX"),
		PREPARES("lower case is unchanged", "user", "user"),
		PREPARES("upper case is unchanged", "USER", "USER"),
		PREPARES("NFKC: a feminine ordinal", "\302\252", "a"),
		PREPARES("NFKC: a Roman nine", "\342\205\250", "IX"),
		REFUSES("a control character", "\7", "U+0007"),
		REFUSES("an Arabic letter before a digit", "\330\2471",
		    "right-to-left"),

		PREPARES("the empty text", "", ""),
		PREPARES("printable ASCII is unchanged", " !\"#$%&'()*+,-./09:;<=>?@"
		    "AZ[\\]^_`az{|}~", " !\"#$%&'()*+,-./09:;<=>?@"
		    "AZ[\\]^_`az{|}~"),
		PREPARES("NFKC composes", "u\314\210", "\303\274"),
		PREPARES("NFKC decomposes ligatures", "\357\254\201", "fi"),
		PREPARES("spaces become a space",
		    "a\302\240b\343\200\200c\342\200\213d", "a b c d"),
		PREPARES("a byte order mark and a joiner are removed",
		    "\357\273\277a\342\200\215b\357\270\217", "ab"),
		PREPARES("a character newer than Unicode 3.2 is unchanged",
		    "\360\237\220\230", "\360\237\220\230"),
		PREPARES("Hebrew is unchanged", "\327\220\327\221", "\327\220\327\221"),
		PREPARES("digits between Arabic letters",
		    "\330\2471\330\247", "\330\2471\330\247"),
		REFUSES("Hebrew around Latin", "\327\220a\327\220",
		    "right-to-left"),
		REFUSES("a digit before Hebrew", "1\327\220", "right-to-left"),
		REFUSES("a tab", "pass\tword", "U+0009"),
		REFUSES("a carriage return at the end", "secret\r",
		    "U+000D"),
		REFUSES("DEL", "a\177", "U+007F"),
		REFUSES("a C1 control", "\302\205", "U+0085"),
		REFUSES("a line separator", "\342\200\250", "U+2028"),
		REFUSES("a left-to-right mark", "a\342\200\216",
		    "U+200E"),
		REFUSES("a private-use character", "\356\200\200", "U+E000"),
		REFUSES("a private-use character of plane 16", "\364\217\277\275",
		    "U+10FFFD"),
		REFUSES("a noncharacter", "\360\237\277\276", "U+1FFFE"),
		REFUSES("a replacement character", "\357\277\275", "U+FFFD"),
		REFUSES("a tag character", "\363\240\200\201", "U+E0001"),
		REFUSES("Latin-1", "M\374ller", "not valid UTF-8"),
		REFUSES("a surrogate", "\355\240\200", "not valid UTF-8"),

		ALONE("ASCII is unchanged", "secret", "secret"),
		ALONE("an umlaut is unchanged", "M\303\274ller",
		    "M\303\274ller"),
		ALONE("spaces and soft hyphens are mapped",
		    "I\302\255\302\240X", "I X"),
		ALONE("letters of other scripts are unchanged",
		    "\316\261\317\211\320\226\343\201\202\346\274\242\352\260\200",
		    "\316\261\317\211\320\226\343\201\202\346\274\242\352\260\200"),
		ALONE_REFUSES("a character that NFKC changes is refused", "\302\252",
		    "libunistring"),
		ALONE_REFUSES("characters that NFKC composes are refused", "u\314\210",
		    "libunistring"),
		ALONE_REFUSES("Hebrew is refused", "\327\220", "libunistring"),
		ALONE_REFUSES("control characters are refused", "a\1", "U+0001"),
		ALONE_REFUSES("Latin-1 is refused", "\374",
		    "not valid UTF-8"),
	};

	return cmocka_run_group_tests(saslprep_spec, NULL, NULL);
}
