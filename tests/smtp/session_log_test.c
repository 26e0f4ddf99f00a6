/*
 * The transcript that is kept of an attempt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/session_log.h"

static void
add(struct session_log *l, char side, const char *text)
{
	l->trace.line(l->trace.context, side, text);
}

static void
add_numbered(struct session_log *l, int n, int width)
{
	char	line[2000];

	for (int i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "%d:%0*d", i, width, 0);
		add(l, 'C', line);
	}
}

static void
lines_begin_with_their_side(void **state)
{
	struct session_log	l;
	struct buffer		text = { 0 };

	(void)state;
	session_log_begin(&l, NULL);
	session_log_write(&text, &l);
	assert_int_equal(text.len, 0);
	add(&l, '*', "connected");
	add(&l, 'S', "220 mail.example");
	add(&l, 'C', "EHLO a");
	session_log_write(&text, &l);
	assert_string_equal(text.data, "*** connected\n"
	    "<<< 220 mail.example\n>>> EHLO a\n");
	buffer_free(&text);
	session_log_end(&l);
}

static void
the_lines_of_the_attempt_before_are_forgotten(void **state)
{
	struct session_log	l;
	struct buffer		text = { 0 };

	(void)state;
	session_log_begin(&l, NULL);
	add(&l, 'C', "RCPT TO:<a@example.org>");
	session_log_clear(&l);
	add(&l, 'C', "RCPT TO:<b@example.org>");
	session_log_write(&text, &l);
	assert_string_equal(text.data, ">>> RCPT TO:<b@example.org>\n");
	buffer_free(&text);
	session_log_end(&l);
}

static void
count(void *context, char side, const char *text)
{
	(void)side;
	*(size_t *)context += strlen(text);
}

static void
lines_are_passed_on(void **state)
{
	size_t				n = 0;
	const struct session_trace	next = { count, &n };
	struct session_log		l;

	(void)state;
	session_log_begin(&l, &next);
	add(&l, 'C', "QUIT");
	assert_int_equal(n, 4);
	session_log_end(&l);
}

/* Whole lines, in order, from both ends. */
static void
is_limited(void **state)
{
	const int		*width = *state;
	struct session_log	l;
	struct buffer		text = { 0 };
	int			last = -1, n;
	bool			omitted = false;

	session_log_begin(&l, NULL);
	add_numbered(&l, 1000, *width);
	session_log_write(&text, &l);
	assert_in_range(text.len, SESSION_LOG_MAX / 2, SESSION_LOG_MAX);
	for (char *line = strtok(text.data, "\n"); line != NULL;
	    line = strtok(NULL, "\n")) {
		if (sscanf(line, ">>> %d:", &n) != 1) {
			assert_string_equal(line,
			    "*** lines omitted from this transcript");
			assert_false(omitted);
			omitted = true;
			continue;
		}
		assert_true(omitted && last < 500 ? n > last :
		    n == last + 1);
		assert_int_equal(strlen(strchr(line, ':') + 1), *width);
		last = n;
	}
	assert_true(omitted);
	assert_int_equal(last, 999);
	buffer_free(&text);
	session_log_end(&l);
}

#define IS_LIMITED(sentence, width) { sentence, is_limited, NULL, NULL, \
	&(int){ width } }

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(lines_begin_with_their_side),
		cmocka_unit_test(the_lines_of_the_attempt_before_are_forgotten),
		cmocka_unit_test(lines_are_passed_on),
		IS_LIMITED("the middle of many short lines is omitted", 30),
		IS_LIMITED("the middle of many long lines is omitted", 1900),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
