/*
 * RFC 3629: what is a character, and what only looks like one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "util/utf8.h"

struct reading {
	const char	*text;
	size_t		 len;
	size_t		 want;
	uint32_t	 c;
};

static void
reads(void **state)
{
	const struct reading	*r = *state;
	uint32_t		 c = 0;

	assert_int_equal(utf8_decode(r->text, r->len, &c), r->want);
	if (r->want > 0)
		assert_int_equal(c, r->c);
}

#define READS(sentence, text, want, c) \
	{ sentence, reads, NULL, NULL, \
	    &(struct reading){ text, sizeof(text) - 1, want, c } }
#define REFUSES(sentence, text) READS(sentence, text, 0, 0)

int
main(void)
{
	const struct CMUnitTest	utf8_spec[] = {
		READS("ASCII is one octet", "ab", 1, 'a'),
		READS("NUL is a character", "\0", 1, 0),
		READS("two octets from U+0080", "\302\200", 2, 0x80),
		READS("three octets from U+0800", "\340\240\200", 3, 0x800),
		READS("the euro sign", "\342\202\254x", 3, 0x20ac),
		READS("four octets from U+10000", "\360\220\200\200", 4,
		    0x10000),
		READS("the last one", "\364\217\277\277", 4, 0x10ffff),
		REFUSES("nothing", ""),
		REFUSES("a continuation without a lead", "\200"),
		REFUSES("two octets cut short", "\303"),
		REFUSES("four octets cut short", "\360\220\200"),
		REFUSES("a lead before a lead", "\303\303"),
		REFUSES("overlong: NUL in two", "\300\200"),
		REFUSES("overlong: slash in three", "\340\200\257"),
		REFUSES("overlong: U+FFFF in four", "\360\217\277\277"),
		REFUSES("the first surrogate", "\355\240\200"),
		REFUSES("the last surrogate", "\355\277\277"),
		REFUSES("beyond U+10FFFF", "\364\220\200\200"),
		REFUSES("five octets", "\370\210\200\200\200"),
		REFUSES("an octet that is never used", "\377"),
	};

	return cmocka_run_group_tests(utf8_spec, NULL, NULL);
}
