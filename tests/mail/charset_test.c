/*
 * The charset of 8-bit header text, and the places where text can be split.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/charset.h"

struct example {
	const char	*text;
	const char	*declared;
	const char	*named;
};

static void
has_charset(void **state)
{
	const struct example	*e = *state;

	assert_string_equal(charset_of_text(e->text, strlen(e->text),
	    e->declared), e->named);
}

struct cut {
	const char	*charset;
	const char	*text;
	size_t		 octets;
};

static void
is_split(void **state)
{
	const struct cut	*c = *state;

	assert_int_equal(charset_character(c->charset, c->text,
	    strlen(c->text)), c->octets);
}

#define CHARSET(sentence, ...) \
	{ sentence, has_charset, NULL, NULL, &(struct example){ __VA_ARGS__ } }
#define SPLITS(sentence, ...) \
	{ sentence, is_split, NULL, NULL, &(struct cut){ __VA_ARGS__ } }

static const struct CMUnitTest charset_spec[] = {
	CHARSET("valid UTF-8 is UTF-8",
	    "Gr\303\274\303\237e", NULL, "utf-8"),
	CHARSET("valid UTF-8 is UTF-8 even if another charset is declared",
	    "Gr\303\274\303\237e", "iso-8859-1", "utf-8"),
	CHARSET("other text is in the declared charset",
	    "Gr\374\337e", "ISO-8859-15", "ISO-8859-15"),
	CHARSET("without a declaration, other text is unknown-8bit",
	    "Gr\374\337e", NULL,
	    "unknown-8bit"),
	CHARSET("a declared us-ascii is ignored for 8-bit text",
	    "Gr\374\337e", "us-ascii",
	    "unknown-8bit"),
	CHARSET("a declared utf-8 is ignored for text that is not UTF-8",
	    "Gr\374\337e", "utf-8", "unknown-8bit"),
	CHARSET("a declared stateful charset is ignored for 8-bit text",
	    "\374", "iso-2022-jp",
	    "unknown-8bit"),
	CHARSET("an invalid charset name is ignored", "\374", "a?b",
	    "unknown-8bit"),
	CHARSET("an unknown charset name is used", "\374", "x-1", "x-1"),
	CHARSET("Korean text", "\271\375\277\370", "euc-kr", "euc-kr"),
	CHARSET("text with an incomplete character is not Korean",
	    "\271\375\277",
	    "euc-kr", "unknown-8bit"),
	CHARSET("Chinese text that is UTF-8 by chance", "a \312\265", "gb2312",
	    "gb2312"),
	CHARSET("such text is UTF-8 if a European charset is declared",
	    "a \312\265",
	    "iso-8859-1", "utf-8"),
	CHARSET("Chinese text in UTF-8", "\346\263\225", "gb2312", "utf-8"),
	CHARSET("a European name in UTF-8", "J\303\266rg", "gb2312", "utf-8"),
	CHARSET("UTF-8 that the declared charset does not have",
	    "\316\261 \317\200", "big5", "utf-8"),
	SPLITS("a character of ISO-8859-1 has one octet",
	    "iso-8859-1", "\344b", 1),
	SPLITS("an ASCII letter has one octet in GBK", "gbk", "b\344\344", 1),
	SPLITS("a letter with an accent has two octets in UTF-8",
	    "UTF-8", "\303\244b", 2),
	SPLITS("an octet that is not UTF-8 is a character", "utf-8", "\344b",
	    1),
	SPLITS("a language after the charset name is ignored",
	    "utf-8*de", "\303\244b", 2),
	SPLITS("a Chinese character has two octets in Big5", "big5", "\244@b",
	    2),
	SPLITS("an incomplete character of Big5 has one octet",
	    "big5", "\244", 1),
	SPLITS("a character of GB 18030 can have four octets",
	    "gb18030", "\2010\2010b", 4),
	SPLITS("a character of EUC-JP can have three octets",
	    "euc-jp", "\217\241\241b", 3),
	SPLITS("an octet above 127 can be a character in Shift JIS",
	    "shift_jis", "\261\261", 1),
	SPLITS("a character of Shift JIS can have two octets",
	    "shift_jis", "\202\240b", 2),
	SPLITS("text in a stateful charset is not split",
	    "ISO-2022-JP", "\033$Ba b", 6),
	SPLITS("text in an unknown charset is split after blanks",
	    "x-1", "\344b  c d", 4),
};

int
main(void)
{
	return cmocka_run_group_tests(charset_spec, NULL, NULL);
}
