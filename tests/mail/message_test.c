/*
 * The stored form of a message, for pieces of all sizes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/resource.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "mail/message.h"
#include "support/cases.h"
#include "util/file.h"
#include "util/memory.h"

static const char *const	tmp[] = { "/tmp", NULL };
static const struct message_limits no_limits = { .spill = tmp };

/*
 * Writes the stored form of a message that is fed in pieces of the given size.
 */
static bool
stored_form(const char *text, size_t len, size_t piece, struct buffer *wire,
    struct message *m, struct failure *why)
{
	bool	good = true;

	message_begin(m, &no_limits);
	for (size_t at = 0; good && at < len; at += piece)
		good = message_feed(m, text + at,
		    len - at < piece ? len - at : piece, why);
	if (!message_end(m, why) || !good)
		return false;
	header_write(wire, &m->header);
	for (uint64_t at = 0; at < m->body.size;) {
		char	block[1000];
		ssize_t	n = body_read(&m->body, at, block, sizeof(block), why);

		assert_true(n > 0);
		buffer_add(wire, block, (size_t)n);
		at += (uint64_t)n;
	}
	return true;
}

struct example {
	const char	*in;
	const char	*out;
};

static void
is_stored(void **state)
{
	const struct example	*e = *state;

	for (size_t piece = 1; piece <= strlen(e->in) + 1; piece++) {
		struct buffer	wire = { 0 };
		struct message	m;
		struct failure	why;

		assert_true(stored_form(e->in, strlen(e->in), piece, &wire, &m,
		    &why));
		assert_string_equal(wire.data, e->out);
		assert_int_equal(message_size(&m), wire.len);
		message_free(&m);
		buffer_free(&wire);
	}
}

#define STORES(sentence, in, out) \
	{ sentence, is_stored, NULL, NULL, &(struct example){ in, out } }

/*
 * SMTP smuggling: for any sequence of CR, LF and dots, all line ends of the
 * output are CRLF, and the output has as many lines as the input.
 */
static void
no_sequence_smuggles_a_line_end(void **state)
{
	static const char	letters[] = { '\r', '\n', '.', 'a' };
	static const char *const around[][2] = { { "", "" }, { "x", "y" },
		{ "\n", "\n" }, { "\r\n", "\r\n" } };
	char			text[64];

	(void)state;
	for (unsigned n = 0; n < 4 * 4 * 4 * 4 * 4 * 4 * 4; n++) {
		const char *const	*w = around[n % 4];
		char			 middle[8] = { 0 };
		int			 len;

		for (unsigned i = 0, v = n; i < 7; i++, v /= 4)
			middle[i] = letters[v % 4];
		len = snprintf(text, sizeof(text), "A: b\n\n%s%s%s", w[0],
		    middle, w[1]);
		for (size_t piece = 1; piece <= 3; piece++) {
			struct buffer	wire = { 0 };
			struct message	m;
			struct failure	why;
			size_t		in_lines = 0, out_lines = 0;

			assert_true(stored_form(text, (size_t)len, piece, &wire,
			    &m, &why));
			for (size_t i = 0; i < wire.len; i++) {
				bool	cr = wire.data[i] == '\r';
				bool	lf = wire.data[i] == '\n';

				assert_int_equal(cr, i + 1 < wire.len &&
				    wire.data[i + 1] == '\n');
				assert_int_equal(lf, i > 0 &&
				    wire.data[i - 1] == '\r');
				out_lines += lf;
			}
			for (int i = 0; i < len; i++)
				in_lines += text[i] == '\n';
			in_lines += text[len - 1] != '\n';
			assert_int_equal(in_lines, out_lines);
			message_free(&m);
			buffer_free(&wire);
		}
	}
}

struct long_case {
	const char	*sentence;
	const char	*before;
	char		 filler;
	const char	*after;
	const char	*want;		/* the first octets */
};

/* Some pieces end before the kind of the line is known. */
static void
long_line_is_stored(void **state)
{
	static const size_t	 pieces[] = { 1, 1000, 1 << 20 };
	const struct long_case	*c = *state;
	struct buffer		 text = { 0 };

	buffer_add_text(&text, c->before);
	memset(buffer_room(&text, 200000), c->filler, 200000);
	text.len += 200000;
	buffer_add_text(&text, c->after);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct buffer	wire = { 0 };
		struct message	m;
		struct failure	why;

		assert_true(stored_form(text.data, text.len, pieces[i], &wire,
		    &m, &why));
		if (strncmp(wire.data, c->want, strlen(c->want)) != 0)
			fail_msg("pieces of %zu: %.40s", pieces[i], wire.data);
		message_free(&m);
		buffer_free(&wire);
	}
	buffer_free(&text);
}

static const struct long_case	long_table[] = {
	{ "a name that is too long begins the body",
	    "A: b\n", 'x', ": c\n", "A: b\r\n\r\nxxx" },
	{ "too much white space after a name begins the body",
	    "A: b\nA", ' ', ": c\n", "A: b\r\n\r\nA  " },
	{ "a line of carriage returns begins the body as an empty line",
	    "A: b\n", '\r', "\nC: d\n", "A: b\r\n\r\n\r\nC: d" },
	{ "carriage returns before text become spaces",
	    "A: b\n", '\r', "x\nC: d\n", "A: b\r\n\r\n   " },
	{ "a line of blanks in the header is removed",
	    "A: b\n", ' ', "\nC: d\n", "A: b\r\nC: d\r\n\r\n" },
	{ "a blank and carriage returns in the header are removed",
	    "A: b\n ", '\r', "\nC: d\n", "A: b\r\nC: d\r\n\r\n" },
	{ "a first line that begins with From is text",
	    "From ", 'x', "\nC: d\n", "\r\nFrom xxx" },
	{ "carriage returns after a line that begins with From are removed",
	    "From a", '\r', "\nC: d\n", "\r\nFrom a\r\nC: d" },
};

struct nul_case {
	const char	*sentence;
	const char	*text;
	size_t		 len;
};

static void
is_refused(void **state)
{
	const struct nul_case	*c = *state;
	struct buffer		 wire = { 0 };
	struct message		 m;
	struct failure		 why;

	assert_false(stored_form(c->text, c->len, 3, &wire, &m, &why));
	assert_int_equal(why.status, EX_DATAERR);
	message_free(&m);
	buffer_free(&wire);
}

static const struct nul_case	nul_table[] = {
	{ "at the beginning", "\0", 1 },
	{ "in a header field", "A: b\0\n\n", 7 },
	{ "in the body", "A: b\n\nx\0y\n", 10 },
	{ "after a carriage return", "A: b\n\nx\r\0", 9 },
	{ "in a line that begins with From", "From a\0\nB: c\n", 14 },
};

/* Lines of every length up to 200 octets, 3 MB of them. */
static void
a_large_body_is_stored_in_a_file(void **state)
{
	struct buffer	in = { 0 }, want = { 0 }, wire = { 0 };
	struct message	m;
	struct failure	why;

	(void)state;
	buffer_add_text(&in, "Subject: large\n\n");
	buffer_add_text(&want, "Subject: large\r\n\r\n");
	for (size_t n = 0; in.len < 3000000; n = (n + 7) % 200) {
		for (size_t i = 0; i < n; i++) {
			buffer_add_byte(&in, (char)(' ' + (i + n) % 90));
			buffer_add_byte(&want, (char)(' ' + (i + n) % 90));
		}
		buffer_add_text(&in, n % 2 ? "\n" : "\r\n");
		buffer_add_text(&want, "\r\n");
	}
	assert_true(stored_form(in.data, in.len, 65536, &wire, &m, &why));
	assert_null(body_in_memory(&m.body));
	assert_int_equal(wire.len, want.len);
	assert_memory_equal(wire.data, want.data, want.len);
	assert_int_equal(m.body.longest_line, 199);
	message_free(&m);
	buffer_free(&in);
	buffer_free(&want);
	buffer_free(&wire);
}

static void
eight_bit_text_and_dots_are_detected(void **state)
{
	struct buffer	wire = { 0 };
	struct message	m;
	struct failure	why;

	(void)state;
	assert_true(stored_form("A: \303\251\n\nab\n.c\n", 13, 4, &wire, &m,
	    &why));
	assert_true(m.header_8bit);
	assert_false(m.body.has_8bit);
	assert_true(m.body.has_dots);
	assert_int_equal(m.body.longest_line, 2);
	message_free(&m);
	buffer_free(&wire);
}

static void
a_message_over_the_limit_is_refused(void **state)
{
	struct message_limits	limits = { .spill = tmp, .size_max = 20 };
	struct message		m;
	struct failure		why;

	(void)state;
	message_begin(&m, &limits);
	assert_false(message_feed(&m, "A: b\n\n0123456789abcdef\n", 24, &why));
	assert_int_equal(why.status, EX_DATAERR);
	assert_false(message_feed(&m, "x", 1, &why));
	assert_false(message_end(&m, &why));
	message_free(&m);
}

static void
a_header_over_the_limit_is_refused(void **state)
{
	char		*line = memory_new(1 << 20, 1);
	struct message	 m;
	struct failure	 why;
	bool		 good = true;

	(void)state;
	memset(line, 'x', 1 << 20);
	message_begin(&m, &no_limits);
	assert_true(message_feed(&m, "Subject: ", 9, &why));
	for (int i = 0; good && i < 64; i++)
		good = message_feed(&m, line, 1 << 20, &why);
	assert_false(good);
	assert_int_equal(why.status, EX_DATAERR);
	message_free(&m);
	free(line);
}

/* The last field ends at the next one, or at the end of the header. */
static void
a_message_with_too_many_fields_is_refused(void **state)
{
	for (int more = 0; more <= 2; more++) {
		struct message	m;
		struct failure	why;
		bool		good = true;

		(void)state;
		message_begin(&m, &no_limits);
		for (int i = 0; i < MESSAGE_FIELDS_MAX + more; i++)
			good = good && message_feed(&m, "A:\n", 3, &why);
		good = good && message_feed(&m, "\nx\n", 3, &why);
		assert_int_equal(good, more == 0);
		assert_int_equal(message_end(&m, &why), more == 0);
		if (more > 0) {
			assert_int_equal(why.status, EX_DATAERR);
			assert_string_equal(why.text, "the message has more "
			    "than 100000 header fields");
		}
		message_free(&m);
	}
}

static void
carriage_returns_over_the_limit_are_refused(void **state)
{
	struct message_limits	limits = { .spill = tmp, .size_max = 100000 };
	struct message		m;
	struct failure		why;
	bool			good;

	(void)state;
	message_begin(&m, &limits);
	good = message_feed(&m, "A: b\n\n", 6, &why);
	for (int i = 0; i < 20000; i++)
		good = good && message_feed(&m, "\r\r\r\r\r\r\r\r", 8, &why);
	assert_true(good);
	assert_false(message_feed(&m, "x", 1, &why));
	assert_int_equal(why.status, EX_DATAERR);
	message_free(&m);
}

/* Feeds a message that does not fit into memory. */
static bool
spills(const char *const *directories, const struct message_spare *spare,
    struct failure *why)
{
	enum { LARGE = 2 * MESSAGE_MEMORY };
	struct message_limits	 limits = { directories, 0, spare };
	char			*text = memory_new(LARGE, 1);
	char			*back = memory_new(LARGE, 1);
	struct message		 m;
	bool			 good;

	memset(text, 'a', LARGE);
	memcpy(text, "\n", 1);
	text[LARGE - 1] = '\n';
	message_begin(&m, &limits);
	good = message_feed(&m, text, LARGE, why) && message_end(&m, why);
	if (good) {
		assert_null(body_in_memory(&m.body));
		assert_int_equal(body_read(&m.body, 0, back, LARGE, why),
		    LARGE);
		assert_memory_equal(back, text + 1, LARGE - 2);
		assert_memory_equal(back + LARGE - 2, "\r\n", 2);
	}
	message_free(&m);
	free(text);
	free(back);
	return good;
}

static void
an_unusable_directory_is_skipped(void **state)
{
	struct failure	why;

	(void)state;
	assert_true(spills((const char *const[]){ "/nonexistent", "/dev/null",
	    "/tmp", NULL }, NULL, &why));
}

static void
all_unusable_directories_are_named(void **state)
{
	struct failure	why;

	(void)state;
	assert_false(spills((const char *const[]){ "/nonexistent", "/dev/null",
	    NULL }, NULL, &why));
	assert_int_equal(why.status, EX_CANTCREAT);
	assert_string_equal(why.text, "cannot store the message in a temporary "
	    "file: /nonexistent: No such file or directory; "
	    "/dev/null: Not a directory");
}

static void
a_lack_of_descriptors_is_temporary(void **state)
{
	struct rlimit	before, none;
	struct failure	why;
	bool		good;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	good = spills(tmp, NULL, &why);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(good);
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_string_equal(why.text, "cannot store the message in a temporary "
	    "file: /tmp: Too many open files");
}

/* The second message contains nothing of the first one. */
static void
a_spare_file_is_used_again(void **state)
{
	const char *const	 none[] = { "/nonexistent", NULL };
	struct message_spare	 spare = { file_unnamed("/tmp"), "/tmp" };
	struct failure		 why;

	(void)state;
	assert_int_not_equal(spare.fd, -1);
	assert_int_equal(write(spare.fd, "old", 3), 3);
	assert_true(spills(none, &spare, &why));
	assert_true(spills(none + 1, &spare, &why));
	close(spare.fd);
}

static void
an_unusable_spare_file_is_named(void **state)
{
	const char *const	 none[] = { "/nonexistent", NULL };
	struct message_spare	 spare = { open("/dev/full", O_RDWR),
				    "/elsewhere" };
	struct failure		 why;

	(void)state;
	assert_false(spills(none, &spare, &why));
	assert_string_equal(why.text, "cannot store the message in a temporary "
	    "file: /nonexistent: No such file or directory; "
	    "/elsewhere: Invalid argument");
	assert_false(spills(none + 1, &spare, &why));
	assert_string_equal(why.text, "cannot store the message in a temporary "
	    "file: /elsewhere: Invalid argument");
	close(spare.fd);
}

static const struct CMUnitTest message_spec[] = {
	STORES("an empty message is_stored an empty header",
	    "", "\r\n"),
	STORES("LF is_stored CRLF",
	    "A: b\n\nc\n", "A: b\r\n\r\nc\r\n"),
	STORES("CRLF does not change",
	    "A: b\r\n\r\nc\r\n", "A: b\r\n\r\nc\r\n"),
	STORES("a message can have both kinds of line ends",
	    "A: b\r\nC: d\n\r\ne\nf\r\n", "A: b\r\nC: d\r\n\r\ne\r\nf\r\n"),
	STORES("a CR within a line is_stored a blank",
	    "A: b\rc\n\nd\re\r\rf\n\r\rg", "A: b c\r\n\r\nd e  f\r\n  g\r\n"),
	STORES("several CRs before a LF are part of the line end",
	    "A: b\r\r\nC: d,\r\r\r\n e\r\r\n\r\r\nBcc: f\r\r\n\r\r\ng\r\r",
	    "A: b\r\nC: d,\r\n e\r\n\r\nBcc: f\r\n\r\ng\r\n"),
	STORES("a line of CRs is empty and ends the header",
	    "A: b\n\r\r\r\nBcc: c\n", "A: b\r\n\r\nBcc: c\r\n"),
	STORES("a line that begins with a CR does not continue a field",
	    "A: b\n\r c\nBcc: d\n", "A: b\r\n\r\n  c\r\nBcc: d\r\n"),
	STORES("a line of a CR and blanks does not continue a field",
	    "A: b\n\r \r\nBcc: d\n", "A: b\r\n\r\n  \r\nBcc: d\r\n"),
	STORES("a line with a CR before the colon is not a field",
	    "A: b\nBcc\r: c\n", "A: b\r\n\r\nBcc : c\r\n"),
	STORES("a CR does not begin a new field",
	    "A: b\rBcc: c\r\rd\n", "A: b Bcc: c  d\r\n\r\n"),
	STORES("an incomplete last line gets a line end",
	    "A: b\n\nc", "A: b\r\n\r\nc\r\n"),
	STORES("a CR at the end of the message is_stored a line end",
	    "A: b\n\nc\r", "A: b\r\n\r\nc\r\n"),
	STORES("the last line can be a header field",
	    "A: b\nBcc: c", "A: b\r\nBcc: c\r\n\r\n"),
	STORES("the folds of a field do not change",
	    "A: b,\n\tc,\n d\n\ne\n", "A: b,\r\n\tc,\r\n d\r\n\r\ne\r\n"),
	STORES("a \"From \" line before the first field is removed",
	    "From me Sat Nov 21\n>From you\nA: b\n\nc\n",
	    "A: b\r\n\r\nc\r\n"),
	STORES("a From field with a blank before the colon is a field",
	    "From : a@b\nC: d\n\n", "From : a@b\r\nC: d\r\n\r\n"),
	STORES("a \"From \" line in the body does not change",
	    "A: b\n\nFrom me\n", "A: b\r\n\r\nFrom me\r\n"),
	STORES("a \"From \" line before an empty line is text",
	    "From now on\n>From here\n\nA: b\n",
	    "\r\nFrom now on\r\n>From here\r\n\r\nA: b\r\n"),
	STORES("a \"From \" line before text is text",
	    "From now on,\n we go\n", "\r\nFrom now on,\r\n we go\r\n"),
	STORES("a \"From \" line alone is text",
	    "From now on", "\r\nFrom now on\r\n"),
	STORES("a \"From \" line with CRs in it is text",
	    "From a Thu Jul  2 12:05:05 2020\rSubject: x\r\rbody\r",
	    "\r\nFrom a Thu Jul  2 12:05:05 2020 Subject: x  body\r\n"),
	STORES("a \"From \" line with a CR in it is text even before a field",
	    "From a\rB: c\nD: e\n", "\r\nFrom a B: c\r\nD: e\r\n"),
	STORES("a \"From \" line can end with several CRs",
	    "From a\r\r\nB: c\r\r\n", "B: c\r\n\r\n"),
	STORES("a line that is not a field ends the header and is text",
	    "A: b\nno field\nC: d\n", "A: b\r\n\r\nno field\r\nC: d\r\n"),
	STORES("a message without a header consists of text",
	    "hello\nyou: there\n", "\r\nhello\r\nyou: there\r\n"),
	STORES("a first line that begins with white space is text",
	    " A: b\n\nc\n", "\r\n A: b\r\n\r\nc\r\n"),
	STORES("a line of blanks in the header is removed and does not end "
	    "the header",
	    "A: b\n \t\n \r\n c\nBcc: d\n  \n e\n\nf\n",
	    "A: b\r\n c\r\nBcc: d\r\n e\r\n\r\nf\r\n"),
	STORES("white space between the name and the colon does not change",
	    "A \t: b\n\n", "A \t: b\r\n\r\n"),
	STORES("a body line that looks like a field does not change",
	    "A: b\n\nBcc: c\n", "A: b\r\n\r\nBcc: c\r\n"),
	STORES("U+2028 is not a line end",
	    "A: b\n\nc\342\200\250d\n", "A: b\r\n\r\nc\342\200\250d\r\n"),
	cmocka_unit_test(no_sequence_smuggles_a_line_end),
	cmocka_unit_test(a_large_body_is_stored_in_a_file),
	cmocka_unit_test(eight_bit_text_and_dots_are_detected),
	cmocka_unit_test(a_message_over_the_limit_is_refused),
	cmocka_unit_test(a_header_over_the_limit_is_refused),
	cmocka_unit_test(a_message_with_too_many_fields_is_refused),
	cmocka_unit_test(carriage_returns_over_the_limit_are_refused),
	cmocka_unit_test(an_unusable_directory_is_skipped),
	cmocka_unit_test(all_unusable_directories_are_named),
	cmocka_unit_test(a_lack_of_descriptors_is_temporary),
	cmocka_unit_test(a_spare_file_is_used_again),
	cmocka_unit_test(an_unusable_spare_file_is_named),
};

int
main(void)
{
	return cmocka_run_group_tests(message_spec, NULL, NULL) +
	    CASES_RUN("long lines in pieces of any size",
	    long_line_is_stored, long_table) +
	    CASES_RUN("a NUL is refused", is_refused, nul_table);
}
