/*
 * The recoder: the output does not depend on the sizes of the pieces, has the
 * length that was counted, and decodes to the input.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "mime/recoder.h"
#include "support/random.h"

enum { ENCODED_LINE = 76, TEXTS = 400, PIECES = 5 };

#define X10	"xxxxxxxxxx"
#define X70	X10 X10 X10 X10 X10 X10 X10

struct example {
	enum recoding	 how;
	const char	*in;
	const char	*out;		/* NULL: the text is mislabelled */
};

/*
 * Recodes in pieces of the given size, and checks that the counted length is
 * the written length.  Returns false if the text is mislabelled.
 */
static bool
recode(struct buffer *to, enum recoding how, const char *text, size_t len,
    size_t piece)
{
	struct recoder	written = { .how = how }, counted = { .how = how };
	size_t		n = 0;

	for (size_t at = 0; at < len; at += piece) {
		size_t	more = len - at < piece ? len - at : piece;

		n += recoder_feed(&counted, NULL, text + at, more);
		recoder_feed(&written, to, text + at, more);
	}
	n += recoder_end(&counted, NULL);
	recoder_end(&written, to);
	assert_int_equal(to->len, n);
	return !counted.mislabelled;
}

static void
is_recoded(void **state)
{
	const struct example	*e = *state;
	size_t			 len = strlen(e->in);

	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct buffer	out = { 0 };

		assert_int_equal(recode(&out, e->how, e->in, len, piece),
		    e->out != NULL);
		buffer_room(&out, 0);
		if (e->out != NULL)
			assert_string_equal(out.data, e->out);
		buffer_free(&out);
	}
}

/*
 * Decoders (RFC 2045)
 */

static void
read_quoted(struct buffer *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char	digits[3] = { 0 };

		if (text[i] != '=') {
			buffer_add_byte(to, text[i]);
			continue;
		}
		assert_true(i + 2 < len);
		memcpy(digits, text + i + 1, 2);
		i += 2;
		if (memcmp(digits, "\r\n", 2) != 0)
			buffer_add_byte(to, (char)strtol(digits, NULL, 16));
	}
}

static void
read_base64_letters(struct buffer *to, const char *text, size_t len)
{
	static const char	letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/=";

	for (size_t i = 0; i < len; i++)
		if (memchr(letters, text[i], sizeof(letters) - 1) != NULL)
			buffer_add_byte(to, text[i]);
}

/* Lines have at most 76 ASCII characters and do not end with a blank. */
static void
assert_short_ascii_lines(const struct buffer *out)
{
	size_t	column = 0;

	for (size_t i = 0; i < out->len; i++) {
		unsigned char	c = (unsigned char)out->data[i];

		assert_true(c < 128);
		if (c == '\r')
			assert_true(column == 0 || (out->data[i - 1] != ' ' &&
			    out->data[i - 1] != '\t'));
		column = c == '\n' ? 0 : column + (c != '\r');
		assert_true(column <= ENCODED_LINE);
	}
}

/*
 * Makes a text of all kinds of octets: long runs of one kind, for loops that
 * read several octets at a time, with single other octets between them.
 */
static void
make_text(struct buffer *to, uint64_t *seed)
{
	static const char *const	kinds[] = { "abcXYZ019+/", "some text. ",
		"=", "-", " ", "\t ", "\303\251", "\342\202\254", "\r\n",
		".\r\n", "\177\001", "QUJD" };
	size_t				runs = next_random(seed) % 12;

	for (size_t i = 0; i < runs; i++) {
		const char	*kind = kinds[next_random(seed) %
				    (sizeof(kinds) / sizeof(*kinds))];
		size_t		 n = next_random(seed) % 2 == 0 ? 1 :
				    next_random(seed) % 40;

		while (n-- > 0)
			buffer_add_text(to, kind);
	}
	buffer_add_text(to, "\r\n");
}

/* Checks that random texts have the same content after they are recoded. */
static void
check_random_texts(enum recoding how,
    void (*source)(struct buffer *, const char *, size_t),
    void (*reader)(struct buffer *, const char *, size_t))
{
	uint64_t	seed = 1;

	for (int i = 0; i < TEXTS; i++) {
		struct buffer	text = { 0 }, in = { 0 }, out = { 0 };
		struct buffer	read = { 0 };

		make_text(&text, &seed);
		source(&in, text.data, text.len);
		buffer_room(&in, 0);
		recode(&out, how, text.data, text.len, text.len);
		assert_short_ascii_lines(&out);
		reader(&read, out.data, out.len);
		assert_int_equal(read.len, in.len);
		assert_memory_equal(read.data, in.data, in.len);
		for (int j = 0; j < PIECES; j++) {
			struct buffer	again = { 0 };

			recode(&again, how, text.data, text.len,
			    1 + next_random(&seed) % 100);
			assert_int_equal(again.len, out.len);
			assert_memory_equal(again.data, out.data, out.len);
			buffer_free(&again);
		}
		buffer_free(&text);
		buffer_free(&in);
		buffer_free(&out);
		buffer_free(&read);
	}
}

static void
copy_text(struct buffer *to, const char *text, size_t len)
{
	buffer_add(to, text, len);
}

static void
any_text_decodes_to_itself(void **state)
{
	(void)state;
	check_random_texts(RECODE_TEXT, copy_text, read_quoted);
}

static void
any_base64_keeps_its_digits(void **state)
{
	(void)state;
	check_random_texts(RECODE_BASE64, read_base64_letters,
	    read_base64_letters);
}

#define GIVES(sentence, how, in, out) \
	{ sentence, is_recoded, NULL, NULL, &(struct example){ how, in, out } }
#define TEXT(sentence, in, out)		GIVES(sentence, RECODE_TEXT, in, out)
#define QUOTED(sentence, in, out)	GIVES(sentence, RECODE_QUOTED, in, out)
#define BASE64(sentence, in, out)	GIVES(sentence, RECODE_BASE64, in, out)
#define NOT_QUOTED(sentence, in)	QUOTED(sentence, in, NULL)
#define NOT_BASE64(sentence, in)	BASE64(sentence, in, NULL)

static const struct CMUnitTest recoder_spec[] = {
	TEXT("short ASCII text does not change",
	    "a b\r\nc\td\r\n", "a b\r\nc\td\r\n"),
	TEXT("an equals sign is encoded", "a=b\r\n", "a=3Db\r\n"),
	TEXT("8-bit octets are encoded", "\303\251\r\n", "=C3=A9\r\n"),
	TEXT("control characters are encoded", "\001\177\r\n", "=01=7F\r\n"),
	TEXT("a blank at the end of a line is encoded", "a \r\nb\t\r\n",
	    "a=20\r\nb=09\r\n"),
	TEXT("only the last of several blanks at the end of a line is encoded",
	    "a  \r\n",
	    "a =20\r\n"),
	TEXT("a blank at the end of the text is encoded", "a ", "a=20"),
	TEXT("a soft line break follows 75 characters",
	    X70 "12345" "6\r\n", X70 "12345=\r\n6\r\n"),
	TEXT("a line of 75 characters is not split", X70 "12345\r\n",
	    X70 "12345\r\n"),
	TEXT("an encoded octet is not split", X70 "123=\r\n",
	    X70 "123=\r\n=3D\r\n"),
	TEXT("a blank before a soft line break is literal", X70 "1234 6\r\n",
	    X70 "1234 =\r\n6\r\n"),
	TEXT("a hyphen after a soft line break is encoded, so that the line "
	    "is not a boundary", X70 "12345--b\r\n", X70 "12345=\r\n=2D-b\r\n"),
	TEXT("a hyphen at the beginning of a line of the text is literal",
	    "--b\r\n", "--b\r\n"),
	QUOTED("quoted-printable text does not change",
	    "a=3Db=\r\n c\r\n", "a=3Db=\r\n c\r\n"),
	QUOTED("an encoded octet in quoted-printable text is not split",
	    X70 "123=3D\r\n",
	    X70 "123=\r\n=3D\r\n"),
	QUOTED("long lines of quoted-printable text are split",
	    X70 "123456\r\n",
	    X70 "12345=\r\n6\r\n"),
	QUOTED("8-bit octets in quoted-printable text are encoded",
	    "a\303\251\r\n", "a=C3=A9\r\n"),
	QUOTED("blanks after a soft line break are ignored",
	    "a= \t \r\nb= \r\n",
	    "a= \r\nb= \r\n"),
	QUOTED("a soft line break can end the text", "a=", "a="),
	NOT_QUOTED("an equals sign before a blank and text is invalid",
	    "a = b\r\n"),
	NOT_QUOTED("an equals sign with one digit at the end is invalid",
	    "a=4"),
	NOT_QUOTED("an equals sign with one digit at the end of a line is "
	    "invalid", "a=4\r\n"),
	NOT_QUOTED("an equals sign without digits is invalid",
	    "<a href=\"b\">\r\n"),
	NOT_QUOTED("an equals sign before 8-bit octets is invalid",
	    "a=\303\251\r\n"),
	NOT_QUOTED("an equals sign before another one is invalid", "a==41\r\n"),
	NOT_QUOTED("an equals sign before several blanks and text is invalid",
	    "a=  b\r\n"),
	BASE64("lines of 76 base64 digits do not change",
	    X70 "123456\r\n789=\r\n",
	    X70 "123456\r\n789="),
	BASE64("longer lines of base64 are split", X70 "123456789=\r\n",
	    X70 "123456\r\n789="),
	BASE64("blanks at the end of a line of base64 are removed",
	    "abcd \t\r\n \r\nef==",
	    "abcdef=="),
	NOT_BASE64("punctuation is invalid in base64", "abcd.\r\n"),
	NOT_BASE64("8-bit octets are invalid in base64", "abc\303\251\r\n"),
	NOT_BASE64("a blank within a line is invalid in base64",
	    "just text\r\n"),
	NOT_BASE64("a blank before the padding is invalid in base64",
	    "abc =\r\n"),
	NOT_BASE64("an incomplete group is invalid in base64", "abcde\r\n"),
	NOT_BASE64("three characters of padding are invalid in base64",
	    "a===\r\n"),
	NOT_BASE64("digits after the padding are invalid in base64",
	    "abc=\r\nabcd\r\n"),
	GIVES("RECODE_NOTHING copies the text", RECODE_NOTHING,
	    X70 X70 "\303\251 \r\n", X70 X70 "\303\251 \r\n"),
	cmocka_unit_test(any_text_decodes_to_itself),
	cmocka_unit_test(any_base64_keeps_its_digits),
};

int
main(void)
{
	return cmocka_run_group_tests(recoder_spec, NULL, NULL);
}
