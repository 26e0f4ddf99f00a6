/*
 * Read a stored body line by line, from memory and from a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "mail/body_lines.h"
#include "util/file.h"

struct example {
	const char	*in;
	const char	*out;	/* [line], or [piece+piece] */
};

/* Each piece must begin where the previous one ended. */
struct reading {
	struct buffer	 out;
	uint64_t	 at;
};

static void
note(void *context, const struct body_line *line)
{
	struct reading	*r = context;

	assert_true(line->at == r->at);
	r->at += line->len + line->end;
	buffer_add_text(&r->out, line->starts ? "[" : "+");
	buffer_add(&r->out, line->text, line->len);
	if (line->end > 0)
		buffer_add_text(&r->out, "]");
}

static void
assert_read(const struct body *b, const char *want)
{
	struct reading	r = { .at = 0 };
	struct failure	why;

	buffer_room(&r.out, 0);
	assert_true(body_each_line(b, note, &r, &why));
	assert_string_equal(r.out.data, want);
	assert_true(r.at == b->size);
	buffer_free(&r.out);
}

static void
gives(void **state)
{
	const struct example	*e = *state;
	struct body		 b = { .fd = -1, .size = strlen(e->in) };

	buffer_add_text(&b.memory, e->in);
	assert_read(&b, e->out);
	b.fd = file_unnamed("/tmp");
	assert_int_not_equal(b.fd, -1);
	assert_true(file_write(b.fd, e->in, strlen(e->in)));
	assert_read(&b, e->out);
	close(b.fd);
	buffer_free(&b.memory);
}

enum { BLOCK = 64 * 1024 };	/* of a file that is read at once */

/* No piece begins or ends within a character or between CR and LF. */
static void
note_whole(void *context, const struct body_line *line)
{
	assert_false(line->len > 0 && ((unsigned char)line->text[0] & 0xc0) ==
	    0x80);
	assert_false(line->len > 0 && line->text[line->len - 1] == '\r');
	note(context, line);
}

/* A long line in a file: len octets, then characters of four, then CR LF. */
static void
cuts_long_line(size_t len, size_t n)
{
	struct body	b = { .fd = file_unnamed("/tmp") };
	struct buffer	text = { 0 };
	struct reading	r = { .at = 0 };
	struct failure	why;

	memset(buffer_room(&text, len), 'a', len);
	text.len = len;
	for (size_t i = 0; i < n; i++)
		buffer_add_text(&text, "\xf0\x9f\x98\x80");
	buffer_add_text(&text, "\r\n");
	b.size = text.len;
	assert_true(file_write(b.fd, text.data, text.len));
	assert_true(body_each_line(&b, note_whole, &r, &why));
	assert_true(r.at == b.size);
	assert_non_null(strchr(r.out.data, '+'));
	assert_int_equal(r.out.data[r.out.len - 1], ']');
	close(b.fd);
	buffer_free(&text);
	buffer_free(&r.out);
}

static void
cuts_between_characters(void **state)
{
	(void)state;
	for (size_t shift = 0; shift < 4; shift++)
		cuts_long_line(BLOCK - 8 + shift, BLOCK / 2);
}

static void
keeps_cr_and_lf(void **state)
{
	(void)state;
	cuts_long_line(BLOCK - 1, 0);
}

#define GIVES(sentence, in, out) \
	{ sentence, gives, NULL, NULL, &(struct example){ in, out } }

static const struct CMUnitTest body_lines_spec[] = {
	GIVES("an empty body", "", ""),
	GIVES("complete lines", "a\r\nbc\r\n", "[a][bc]"),
	GIVES("empty lines", "\r\n\r\na\r\n", "[][][a]"),
	GIVES("a LF without a CR does not end a line", "\n\na\nb\r\n\n\r\n",
	    "[\n\na\nb][\n]"),
	GIVES("the last line can be incomplete", "a\r\nb", "[a][b"),
	GIVES("a CR without a LF does not end a line",
	    "a\rb\r\r\n", "[a\rb\r]"),
	{ "a long line in a file is cut between characters",
	    cuts_between_characters, NULL, NULL, NULL },
	{ "a long line in a file is not cut between CR and LF",
	    keeps_cr_and_lf, NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(body_lines_spec, NULL, NULL);
}
