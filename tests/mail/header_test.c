#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "mail/header.h"
#include "support/cases.h"

enum { FIELDS_MAX = 3 };

struct read_case {
	const char	*sentence;
	const char	*text;
	size_t		 len;
	size_t		 n;		/* fields */
	bool		 invalid;
};

#define TEXT(s)	s, sizeof(s) - 1

static const struct read_case cases[] = {
	{ "a header consists of fields and an empty line",
	    TEXT("A: 1\r\nB: 2\r\n\r\n"), 2, false },
	{ "a header without fields is an empty line", TEXT("\r\n"), 0, false },
	{ "a folded field is one field", TEXT("A: 1\r\n 2\r\n\t3\r\n\r\n"), 1,
	    false },
	{ "white space may precede the colon", TEXT("A : 1\r\n\r\n"), 1,
	    false },
	{ "without the empty line, the text is invalid", TEXT("A: 1\r\n"), 1,
	    true },
	{ "text after the empty line is invalid", TEXT("A: 1\r\n\r\nB\r\n"), 1,
	    true },
	{ "a field without CRLF is invalid", TEXT("A: 1\nB: 2\r\n\r\n"), 0,
	    true },
	{ "a field without a name is invalid", TEXT(": 1\r\n\r\n"), 0, true },
	{ "a NUL is invalid", TEXT("A: 1\r\nB: \0\r\n\r\n"), 1, true },
	{ "more fields than allowed are invalid",
	    TEXT("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n"), 3, true },
	{ "an empty text is invalid", TEXT(""), 0, true },
};

static void
is_read(void **state)
{
	const struct read_case	*c = *state;
	struct header		 header = { 0 };
	struct buffer		 again = { 0 };

	assert_int_equal(header_read(&header, c->text, c->len, FIELDS_MAX),
	    !c->invalid);
	assert_int_equal(header_read(NULL, c->text, c->len, FIELDS_MAX),
	    !c->invalid);
	assert_int_equal(header.n, c->n);
	if (!c->invalid) {
		header_write(&again, &header);
		assert_int_equal(again.len, c->len);
		assert_memory_equal(again.data, c->text, c->len);
	}
	buffer_free(&again);
	header_free(&header);
}

int
main(void)
{
	return CASES_RUN("header", is_read, cases);
}
