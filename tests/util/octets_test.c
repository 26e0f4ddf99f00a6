/*
 * Examining eight octets at a time gives the same result as examining each
 * octet.  Every value is tried at every place, next to values that could cause
 * a carry.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "util/octets.h"

static const unsigned char	neighbours[] = { 0, 1, 127, 128, 255 };

/* The expected marks, from a loop over single octets. */
static uint64_t
marks_of(const unsigned char eight[8], unsigned least, unsigned most)
{
	uint64_t	marks = 0;

	for (size_t i = 0; i < 8; i++)
		if (eight[i] >= least && eight[i] <= most)
			marks |= (uint64_t)0x80 << (8 * i);
	return marks;
}

static void
each_octet_is_marked_by_its_own_value(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(neighbours); n++)
		for (unsigned place = 0; place < 8; place++)
			for (unsigned value = 0; value < 256; value++) {
				unsigned char	text[8];
				uint64_t	eight;

				memset(text, neighbours[n], sizeof(text));
				text[place] = (unsigned char)value;
				eight = octets_load((const char *)text);
				for (unsigned i = 1; i <= 128; i++)
					assert_true(octets_below(eight,
					    (unsigned char)i) ==
					    marks_of(text, 0, i - 1));
				for (unsigned i = 0; i < 256; i++)
					assert_true(octets_equal(eight,
					    (unsigned char)i) ==
					    marks_of(text, i, i));
			}
}

static void
octets_before_the_first_mark_are_counted(void **state)
{
	(void)state;
	for (size_t place = 0; place < 8; place++) {
		char	text[9] = "abcdefgh";

		text[place] = '\n';
		assert_int_equal(octets_first(octets_below(octets_load(text),
		    14)), place);
	}
	assert_int_equal(octets_first(octets_below(octets_load("ab\nc\rd\0e"),
	    14)), 2);
}

int
main(void)
{
	static const struct CMUnitTest	tests[] = {
		cmocka_unit_test(each_octet_is_marked_by_its_own_value),
		cmocka_unit_test(octets_before_the_first_mark_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
