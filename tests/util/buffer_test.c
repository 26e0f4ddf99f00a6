/*
 * Bytes that grow.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "util/buffer.h"
#include "util/failure.h"

static void
the_content_is_a_string(void **state)
{
	struct buffer	b = { 0 };

	(void)state;
	buffer_add_text(&b, "one");
	buffer_add_byte(&b, ' ');
	buffer_addf(&b, "%s %d", "two", 3);
	buffer_add(&b, "\0x", 2);
	assert_int_equal(b.len, 11);
	assert_memory_equal(b.data, "one two 3\0x", 12);
	buffer_clear(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(b.data, "");
	buffer_free(&b);
	assert_null(b.data);
}

static void
a_buffer_grows(void **state)
{
	struct buffer	b = { 0 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		buffer_add_byte(&b, (char)('a' + i % 26));
	assert_int_equal(b.len, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
	assert_int_equal(b.data[100000], '\0');
	buffer_wipe(&b);
}

static void
buffer_take_never_returns_null(void **state)
{
	struct buffer	b = { 0 };
	char		*text = buffer_take(&b);

	(void)state;
	assert_string_equal(text, "");
	free(text);
	buffer_add_text(&b, "mine");
	text = buffer_take(&b);
	assert_string_equal(text, "mine");
	assert_int_equal(b.len, 0);
	free(text);
}

static void
a_failure_gets_a_prefix_and_a_suffix(void **state)
{
	struct failure	why;

	(void)state;
	assert_false(failed(&why, 75, "no %s", "answer"));
	assert_false(failure_prefix(&why, "%s: ", "greeting"));
	assert_false(failure_suffix(&why, " (%d)", 7));
	assert_string_equal(why.text, "greeting: no answer (7)");
	assert_int_equal(why.status, 75);
	assert_false(failed(&why, 76, "AUTH %s", why.text));
	assert_string_equal(why.text, "AUTH greeting: no answer (7)");
}

static void
a_long_failure_is_truncated_at_its_end(void **state)
{
	struct failure	why;
	char		long_text[2000];

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	failed(&why, 70, "%s", long_text);
	failure_prefix(&why, "host: ");
	failure_suffix(&why, "lost");
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_memory_equal(why.text, "host: xxx", 9);
}

static const struct CMUnitTest buffer_spec[] = {
	cmocka_unit_test(the_content_is_a_string),
	cmocka_unit_test(a_buffer_grows),
	cmocka_unit_test(buffer_take_never_returns_null),
	cmocka_unit_test(a_failure_gets_a_prefix_and_a_suffix),
	cmocka_unit_test(a_long_failure_is_truncated_at_its_end),
};

int
main(void)
{
	return cmocka_run_group_tests(buffer_spec, NULL, NULL);
}
