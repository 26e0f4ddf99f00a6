/*
 * Binary data is encoded as base64 without changing an octet, or the message is
 * refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mime/binary.h"
#include "util/base64.h"
#include "util/memory.h"

struct example {
	bool		 binarymime;
	const char	*in;
	size_t		 len;		/* in may contain a NUL */
	const char	*out;		/* with LF line ends; NULL: refused */
};

static bool
feed(struct message *m, bool binarymime, const char *text, size_t len,
    size_t piece, struct failure *why)
{
	static const char *const		tmp[] = { "/tmp", NULL };
	static const struct message_limits	limits = { .spill = tmp };
	bool					good = true;

	message_begin(m, &limits);
	message_keep_binary(m, binarymime);
	for (size_t at = 0; good && at < len; at += piece)
		good = message_feed(m, text + at,
		    len - at < piece ? len - at : piece, why);
	return good && binary_encode(m, why) && message_end(m, why);
}

static void
read_all(struct buffer *to, const struct message *m)
{
	struct failure	why;

	header_write(to, &m->header);
	for (uint64_t at = 0; at < m->body.size;) {
		ssize_t	n = body_read(&m->body, at, buffer_room(to, 5000),
		    5000, &why);

		assert_true(n > 0);
		to->len += (size_t)n;
		at += (uint64_t)n;
	}
	assert_int_equal(message_size(m), to->len);
}

static void
assert_lines(const struct buffer *got, const char *want)
{
	struct buffer	lines = { 0 };

	for (size_t i = 0; i < got->len; i++) {
		if (got->data[i] == '\r')
			assert_true(i + 1 < got->len &&
			    got->data[i + 1] == '\n');
		else
			buffer_add_byte(&lines, got->data[i]);
	}
	assert_string_equal(lines.data, want);
	buffer_free(&lines);
}

/* The message is fed in pieces of all sizes. */
static void
is_encoded(void **state)
{
	const struct example	*e = *state;

	for (size_t piece = 1; piece <= e->len + 1; piece++) {
		struct buffer	all = { 0 };
		struct message	m;
		struct failure	why;

		assert_int_equal(feed(&m, e->binarymime, e->in, e->len, piece,
		    &why), e->out != NULL);
		if (e->out != NULL) {
			read_all(&all, &m);
			assert_lines(&all, e->out);
		} else {
			assert_int_equal(why.status, EX_DATAERR);
		}
		message_free(&m);
		buffer_free(&all);
	}
}

/* The data does not fit into memory and contains all octets. */
static void
large_data_decodes_to_itself(void **state)
{
	enum { SIZE = 1000000 };
	struct buffer	in = { 0 }, out = { 0 }, text = { 0 }, data = { 0 };
	struct message	m;
	struct failure	why;
	size_t		start;

	(void)state;
	buffer_add_text(&in, "Content-Type: image/png\n"
	    "Content-Transfer-Encoding: binary\n\n");
	start = in.len;
	for (uint32_t i = 0, x = 1; i < SIZE; i++, x = x * 69069 + 1)
		buffer_add_byte(&in, (char)(x >> 24));
	assert_true(feed(&m, false, in.data, in.len, 70001, &why));
	assert_int_not_equal(m.body.fd, -1);
	assert_int_equal(m.body.longest_line, 76);
	assert_false(m.body.has_8bit);
	read_all(&out, &m);
	for (const char *c = strstr(out.data, "\r\n\r\n") + 4; *c != '\0'; c++)
		if (*c != '\r' && *c != '\n')
			buffer_add_byte(&text, *c);
	assert_true(base64_decode(&data, text.data, text.len));
	assert_int_equal(data.len, SIZE);
	assert_memory_equal(data.data, in.data + start, SIZE);
	message_free(&m);
	buffer_free(&in);
	buffer_free(&out);
	buffer_free(&text);
	buffer_free(&data);
}

static void
a_message_that_becomes_too_large_is_refused(void **state)
{
	const struct message_limits	limits = { .size_max = 1000 };
	struct buffer			in = { 0 };
	struct message			m;
	struct failure			why;

	(void)state;
	buffer_add_text(&in, "Content-Type: a/b\n"
	    "Content-Transfer-Encoding: binary\n\n");
	while (in.len < 900)
		buffer_add_byte(&in, '\0');
	message_begin(&m, &limits);
	message_keep_binary(&m, false);
	assert_true(message_feed(&m, in.data, in.len, &why));
	assert_false(binary_encode(&m, &why));
	assert_int_equal(why.status, EX_DATAERR);
	assert_string_equal(why.text, "the message is larger than 1000 octets "
	    "(message_size_limit)");
	message_free(&m);
	buffer_free(&in);
}

#define CASE(sentence, binarymime, in, out) \
	{ sentence, is_encoded, NULL, NULL, &(struct example){ binarymime, in, \
	    sizeof(in) - 1, out } }
#define ENCODES(sentence, in, out)	CASE(sentence, false, in, out)
#define KEEPS(sentence, in)		CASE(sentence, false, in, in)
#define REFUSES(sentence, in)		CASE(sentence, false, in, NULL)

#define V	"MIME-Version: 1.0\n"
#define DATA	V "Content-Type: application/octet-stream\n"
#define TEXT	V "Content-Type: text/plain\n"
#define BINARY	"Content-Transfer-Encoding: binary\n"
#define BASE64	"Content-Transfer-Encoding: base64\n"
#define MIXED	V "Content-Type: multipart/mixed; boundary=o\n\n"
#define SIGNED	V "Content-Type: multipart/signed; boundary=o\n\n"

static const struct CMUnitTest binary_spec[] = {
	ENCODES("all octets of binary data are encoded", DATA BINARY "\n"
	    "\211PNG\r\n\032\n\0\377\rX\nY",
	    DATA BASE64 "\niVBORw0KGgoA/w1YClk=\n"),
	ENCODES("a line end at the end of the data is encoded",
	    DATA BINARY "\n\r\r\n",
	    DATA BASE64 "\nDQ0K\n"),
	ENCODES("an empty part is empty in base64",
	    DATA BINARY "\n", DATA BASE64 "\n"),
	ENCODES("lines of base64 have 76 characters", DATA BINARY "\n"
	    "123456789012345678901234567890123456789012345678901234567"
	    "123456789012345678901234567890123456789012345678901234567",
	    DATA BASE64 "\n"
	    "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4"
	    "OTAxMjM0NTY3\n"
	    "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4"
	    "OTAxMjM0NTY3\n"),
	ENCODES("a body without an empty line before it is encoded",
	    DATA BINARY "\1\r\n",
	    DATA BASE64 "\nAQ0K\n"),
	KEEPS("text with LF line ends does not change", TEXT BINARY "\na\nb\n"),
	ENCODES("text with CRLF line ends does not change",
	    TEXT BINARY "\na\r\nb\r\n",
	    TEXT BINARY "\na\nb\n"),
	ENCODES("text with both kinds of line ends is encoded",
	    TEXT BINARY "\na\r\nb\n",
	    TEXT BASE64 "\nYQ0KYgo=\n"),
	ENCODES("text with a CR within a line is encoded",
	    TEXT BINARY "\na\rb\n",
	    TEXT BASE64 "\nYQ1iCg==\n"),
	ENCODES("text with two CRs before a LF is encoded",
	    TEXT BINARY "\na\r\r\n",
	    TEXT BASE64 "\nYQ0NCg==\n"),
	ENCODES("text with a NUL is encoded", TEXT BINARY "\na\0b\n",
	    TEXT BASE64 "\nYQBiCg==\n"),
	ENCODES("encoded text without a Content-Type gets one",
	    BINARY "\n\303\244\r",
	    "Content-Type: text/plain; charset=utf-8\n" V BASE64 "\nw6QN\n"),

	ENCODES("only parts that declare binary are encoded", MIXED
	    "--o\n\na\rb\n--o\nContent-Type: image/png\n" BINARY "X: y\n\n"
	    "\0\n--x\n\r\n--o\n\nc\r\n--o--\nend\n",
	    MIXED "--o\n\na b\n--o\nContent-Type: image/png\nX: y\n" BASE64 "\n"
	    "AAotLXgKDQ==\n--o\n\nc\n--o--\nend\n"),
	ENCODES("the line end before a boundary is not encoded",
	    "Content-Type: multipart/mixed; boundary=o\r\n\r\n"
	    "--o\r\nContent-Type: a/b\r\n" BINARY "\r\n"
	    "\n\r\n--o--\r\n",
	    "Content-Type: multipart/mixed; boundary=o\n\n"
	    "--o\nContent-Type: a/b\n" BASE64 "\nCg==\n--o--\n"),
	ENCODES("a CR before that line end belongs to the boundary if "
	    "boundaries have CRLF",
	    MIXED "--o\n" BINARY "\na\r\n--o\r\n\nb\n--o\n"
	    BINARY "\nc\r\n--o--\n",
	    MIXED "--o\n" BINARY "\na\n--o\n\nb\n--o\n"
	    BASE64 "\nYw0=\n--o--\n"),
	ENCODES("a part of a multipart that declares binary is encoded",
	    BINARY MIXED "--o\nContent-Type: a/b\n" BINARY "\n\r\n--o--\n",
	    BINARY MIXED "--o\nContent-Type: a/b\n" BASE64 "\nDQ==\n--o--\n"),
	ENCODES("a folded Content-Transfer-Encoding is recognised",
	    MIXED "--o\nContent-Type: a/b\ncontent-transfer-encoding :\n"
	    " Binary\n\n\0\n--o--\n",
	    MIXED "--o\nContent-Type: a/b\n" BASE64 "\nAA==\n--o--\n"),
	ENCODES("a Content-Transfer-Encoding with CRs in it is recognised",
	    MIXED "--o\nContent-Type: a/b\n"
	    "Content-Transfer-Encoding: \r\rbinary\r;\r\n\n\0\n--o--\n",
	    MIXED "--o\nContent-Type: a/b\n" BASE64 "\nAA==\n--o--\n"),
	ENCODES("a binary part of an enclosed message is encoded", MIXED
	    "--o\nContent-Type: message/rfc822\n" BINARY "\n"
	    "Content-Type: a/b\n" BINARY "\n\r\r\n--o--\n",
	    MIXED "--o\nContent-Type: message/rfc822\n" BINARY "\n"
	    "Content-Type: a/b\n" V BASE64 "\nDQ0=\n--o--\n"),
	ENCODES("a \"From \" line in an enclosed message does not change",
	    MIXED "--o\nContent-Type: message/rfc822\n\nFrom x\n"
	    "Content-Type: a/b\n" BINARY "\n\0\n--o--\n",
	    MIXED "--o\nContent-Type: message/rfc822\n\nFrom x\n"
	    "Content-Type: a/b\n" V BASE64 "\nAA==\n--o--\n"),
	KEEPS("a Content-Transfer-Encoding in a text has no effect",
	    TEXT "\na\n" BINARY "\nb\n"),
	ENCODES("a CR after such a text is_encoded a blank",
	    TEXT "\na\n" BINARY "\nb\rc\r\r\n",
	    TEXT "\na\n" BINARY "\nb c\n"),

	CASE("with BINARYMIME, the whole body is binary", true, DATA "\na\nb\n",
	    DATA BASE64 "\nYQpiCg==\n"),
	CASE("with BINARYMIME, text with a CR within a line is encoded",
	    true, TEXT
	    "Content-Transfer-Encoding: 8bit\n\na\rb\n",
	    TEXT BASE64 "\nYQ1iCg==\n"),
	CASE("with BINARYMIME, all parts are binary", true, MIXED
	    "--o\n\na\rb\n--o\nContent-Type: a/b\n\na\n--o--\n",
	    MIXED "--o\n" BASE64 "\nYQ1i\n"
	    "--o\nContent-Type: a/b\n" BASE64 "\nYQ==\n--o--\n"),
	CASE("with BINARYMIME, base64 is not encoded again",
	    true, DATA BASE64 "\nYQ==\n",
	    DATA BASE64 "\nYQ==\n"),
	CASE("with BINARYMIME, text with one kind of line end does not change",
	    true, "Subject: x\n\na\nb\n",
	    "Subject: x\n\na\nb\n"),

	REFUSES("a NUL in a part that does not declare binary is refused",
	    DATA "\na\0b\n"),
	REFUSES("a NUL in another part than the binary one is refused", MIXED
	    "--o\nContent-Type: a/b\n" BINARY "\n\1\n--o\n\n\0\n--o--\n"),
	REFUSES("binary data in a signed part is refused", SIGNED
	    "--o\nContent-Type: a/b\n" BINARY "\n\rx\n--o\n\nx\n--o--\n"),
	REFUSES("8-bit data in a signed binary part is refused", SIGNED
	    "--o\nContent-Type: a/b\n" BINARY "\n\377\n--o\n\nx\n--o--\n"),
	KEEPS("ASCII lines in a signed binary part do not change", SIGNED
	    "--o\nContent-Type: a/b\n" BINARY "\n=\n--o\n\nx\n--o--\n"),
	REFUSES("binary data in a multipart without a boundary is refused",
	    "Content-Type: multipart/mixed\n" BINARY "\n\r\r\n"),
	REFUSES("binary data in a part with an ambiguous boundary is refused",
	    MIXED
	    "--o\nContent-Type: a/b\n" BINARY "\n\n--o x\n\r\n--o--\n"),
	CASE("binary data in a preamble is refused", true, MIXED
	    "\r \n--o\n\nx\n--o--\n", NULL),
	CASE("a CR within base64 is refused with BINARYMIME",
	    true, DATA BASE64 "\nYQ\r==\n",
	    NULL),
	CASE("binary data in an enclosed message without an end of its header "
	    "is refused", true, MIXED
	    "--o\nContent-Type: message/rfc822\nno field \r \n--o--\n", NULL),
	cmocka_unit_test(large_data_decodes_to_itself),
	cmocka_unit_test(a_message_that_becomes_too_large_is_refused),
};

int
main(void)
{
	return cmocka_run_group_tests(binary_spec, NULL, NULL);
}
