/*
 * Examining sixteen octets at a time gives the same result as examining each
 * octet, at every alignment.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "util/octets.h"

enum { WIDTH = 16 };

static void
the_first_of_eight_octets_is_the_least_significant(void **state)
{
	(void)state;
	assert_true(octets_load("\x01\x02\x03\x04\x05\x06\x07\xff") ==
	    UINT64_C(0xff07060504030201));
}

static void
sixteen_octets_are_stored_as_they_were_loaded(void **state)
{
	char	from[2 * WIDTH], to[2 * WIDTH];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(0xf8 + i);
	for (size_t at = 0; at < WIDTH; at++) {
		memset(to, 'x', sizeof(to));
		octets_store_sixteen(to + at, octets_load_sixteen(from + at));
		assert_memory_equal(to + at, from + at, WIDTH);
		for (size_t i = 0; i < sizeof(to); i++)
			if (i < at || i >= at + WIDTH)
				assert_int_equal(to[i], 'x');
	}
}

/* Every value is looked for at every place, between its neighbours. */
static void
octets_before_the_first_mark_are_counted(void **state)
{
	char	text[WIDTH];

	(void)state;
	for (unsigned value = 0; value < 256; value++)
		for (size_t place = 0; place <= WIDTH; place++) {
			for (size_t i = 0; i < WIDTH; i++)
				text[i] = (char)(value + (i % 2 ? 1 : 255));
			if (place < WIDTH)
				text[place] = (char)value;
			assert_int_equal(octets_zeros((octets_sixteen)(
			    octets_load_sixteen(text) == (uint8_t)value)),
			    place);
		}
}

static void
only_the_first_of_two_marks_counts(void **state)
{
	(void)state;
	for (size_t first = 0; first < WIDTH; first++)
		for (size_t second = first; second < WIDTH; second++) {
			char	text[WIDTH] = { 0 };

			text[first] = text[second] = (char)0xff;
			assert_int_equal(octets_zeros(
			    octets_load_sixteen(text)), first);
		}
}

static void
a_top_bit_is_seen_at_every_place(void **state)
{
	char	text[WIDTH];

	(void)state;
	memset(text, 0x7f, sizeof(text));
	assert_false(octets_any_high(octets_load_sixteen(text)));
	for (size_t place = 0; place < WIDTH; place++) {
		memset(text, 0x7f, sizeof(text));
		text[place] = (char)0x80;
		assert_true(octets_any_high(octets_load_sixteen(text)));
	}
}

int
main(void)
{
	static const struct CMUnitTest	tests[] = {
		cmocka_unit_test(
		    the_first_of_eight_octets_is_the_least_significant),
		cmocka_unit_test(sixteen_octets_are_stored_as_they_were_loaded),
		cmocka_unit_test(octets_before_the_first_mark_are_counted),
		cmocka_unit_test(only_the_first_of_two_marks_counts),
		cmocka_unit_test(a_top_bit_is_seen_at_every_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
