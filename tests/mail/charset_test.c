/*
 * The charset that raw text of a header is labelled with, and where it can be
 * cut.
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
names(void **state)
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
cuts(void **state)
{
	const struct cut	*c = *state;

	assert_int_equal(charset_character(c->charset, c->text,
	    strlen(c->text)), c->octets);
}

#define NAMES(sentence, ...) \
	{ sentence, names, NULL, NULL, &(struct example){ __VA_ARGS__ } }
#define CUTS(sentence, ...) \
	{ sentence, cuts, NULL, NULL, &(struct cut){ __VA_ARGS__ } }

static const struct CMUnitTest charset_spec[] = {
	NAMES("text that is UTF-8 is UTF-8",
	    "Gr\303\274\303\237e", NULL, "utf-8"),
	NAMES("whatever else the message declares",
	    "Gr\303\274\303\237e", "iso-8859-1", "utf-8"),
	NAMES("other text is in the declared charset",
	    "Gr\374\337e", "ISO-8859-15", "ISO-8859-15"),
	NAMES("or in none that is known", "Gr\374\337e", NULL,
	    "unknown-8bit"),
	NAMES("ASCII cannot hold it", "Gr\374\337e", "us-ascii",
	    "unknown-8bit"),
	NAMES("nor UTF-8", "Gr\374\337e", "utf-8", "unknown-8bit"),
	NAMES("nor a charset with states", "\374", "iso-2022-jp",
	    "unknown-8bit"),
	NAMES("a name that is no token is not used", "\374", "a?b",
	    "unknown-8bit"),
	NAMES("an unknown name is used", "\374", "x-1", "x-1"),
	NAMES("Korean text", "\271\375\277\370", "euc-kr", "euc-kr"),
	NAMES("half a character is in no such charset", "\271\375\277",
	    "euc-kr", "unknown-8bit"),
	NAMES("Chinese text that is UTF-8 by chance", "a \312\265", "gb2312",
	    "gb2312"),
	NAMES("the same if the declared charset is another", "a \312\265",
	    "iso-8859-1", "utf-8"),
	NAMES("Chinese text in UTF-8", "\346\263\225", "gb2312", "utf-8"),
	NAMES("a European name in UTF-8", "J\303\266rg", "gb2312", "utf-8"),
	NAMES("UTF-8 that the declared charset does not have",
	    "\316\261 \317\200", "big5", "utf-8"),
	CUTS("one octet", "iso-8859-1", "\344b", 1),
	CUTS("an ASCII letter in any charset", "gbk", "b\344\344", 1),
	CUTS("UTF-8", "UTF-8", "\303\244b", 2),
	CUTS("what is no UTF-8", "utf-8", "\344b", 1),
	CUTS("with a language", "utf-8*de", "\303\244b", 2),
	CUTS("two octets", "big5", "\244@b", 2),
	CUTS("or one that is left", "big5", "\244", 1),
	CUTS("GB 18030: four octets", "gb18030", "\2010\2010b", 4),
	CUTS("EUC-JP: three octets", "euc-jp", "\217\241\241b", 3),
	CUTS("Shift JIS: one octet above 127", "shift_jis", "\261\261", 1),
	CUTS("and two", "shift_jis", "\202\240b", 2),
	CUTS("none in a charset with states", "ISO-2022-JP", "\033$Ba b", 6),
	CUTS("blanks in an unknown one", "x-1", "\344b  c d", 4),
};

int
main(void)
{
	return cmocka_run_group_tests(charset_spec, NULL, NULL);
}
