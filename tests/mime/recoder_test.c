/*
 * Text in a form that 7 bits and short lines can carry: what comes out does
 * not depend on the pieces that go in, is as long as was said before, and is
 * what went in to who decodes it.
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
	const char	*out;		/* NULL: it is mislabelled */
};

/*
 * Feeds in pieces of the given size; what is counted is what is written.
 * True unless the text is not what it should be.
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
becomes(void **state)
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
 * Readers, as RFC 2045 has them
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

/* Lines of 76 at the most, of 7 bits, with no blank in the end. */
static void
assert_travels(const struct buffer *out)
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
 * Texts of every kind of octet: long runs of one kind, so that what looks at
 * many octets at a time does, and single odd ones in between.
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

/* What a reader finds is what was in the text, or in the text decoded. */
static void
any_text(enum recoding how, void (*source)(struct buffer *, const char *,
    size_t), void (*reader)(struct buffer *, const char *, size_t))
{
	uint64_t	seed = 1;

	for (int i = 0; i < TEXTS; i++) {
		struct buffer	text = { 0 }, in = { 0 }, out = { 0 };
		struct buffer	read = { 0 };

		make_text(&text, &seed);
		source(&in, text.data, text.len);
		buffer_room(&in, 0);
		recode(&out, how, text.data, text.len, text.len);
		assert_travels(&out);
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
as_it_is(struct buffer *to, const char *text, size_t len)
{
	buffer_add(to, text, len);
}

static void
any_text_is_quoted_and_read_again(void **state)
{
	(void)state;
	any_text(RECODE_TEXT, as_it_is, read_quoted);
}

static void
any_base64_has_the_same_letters_in_short_lines(void **state)
{
	(void)state;
	any_text(RECODE_BASE64, read_base64_letters, read_base64_letters);
}

#define GIVES(sentence, how, in, out) \
	{ sentence, becomes, NULL, NULL, &(struct example){ how, in, out } }
#define TEXT(sentence, in, out)		GIVES(sentence, RECODE_TEXT, in, out)
#define QUOTED(sentence, in, out)	GIVES(sentence, RECODE_QUOTED, in, out)
#define BASE64(sentence, in, out)	GIVES(sentence, RECODE_BASE64, in, out)
#define NOT_QUOTED(sentence, in)	QUOTED(sentence, in, NULL)
#define NOT_BASE64(sentence, in)	BASE64(sentence, in, NULL)

static const struct CMUnitTest recoder_spec[] = {
	TEXT("short text stays", "a b\r\nc\td\r\n", "a b\r\nc\td\r\n"),
	TEXT("an equals sign is encoded", "a=b\r\n", "a=3Db\r\n"),
	TEXT("octets of 8 bits are encoded", "\303\251\r\n", "=C3=A9\r\n"),
	TEXT("controls are encoded", "\001\177\r\n", "=01=7F\r\n"),
	TEXT("a blank that ends a line is encoded", "a \r\nb\t\r\n",
	    "a=20\r\nb=09\r\n"),
	TEXT("only the last of several blanks is encoded", "a  \r\n",
	    "a =20\r\n"),
	TEXT("a blank that ends the text is encoded", "a ", "a=20"),
	TEXT("75 characters and a break fill a line",
	    X70 "12345" "6\r\n", X70 "12345=\r\n6\r\n"),
	TEXT("75 characters alone are not broken", X70 "12345\r\n",
	    X70 "12345\r\n"),
	TEXT("an encoded octet is never torn", X70 "123=\r\n",
	    X70 "123=\r\n=3D\r\n"),
	TEXT("a blank may stand in front of a break", X70 "1234 6\r\n",
	    X70 "1234 =\r\n6\r\n"),
	TEXT("a line that was broken begins with no hyphen, which might be a "
	    "boundary's", X70 "12345--b\r\n", X70 "12345=\r\n=2D-b\r\n"),
	TEXT("a line that was not may", "--b\r\n", "--b\r\n"),
	QUOTED("what is quoted stays", "a=3Db=\r\n c\r\n", "a=3Db=\r\n c\r\n"),
	QUOTED("a quoted octet is never torn", X70 "123=3D\r\n",
	    X70 "123=\r\n=3D\r\n"),
	QUOTED("long lines of it are broken", X70 "123456\r\n",
	    X70 "12345=\r\n6\r\n"),
	QUOTED("8 bits in it are encoded", "a\303\251\r\n", "a=C3=A9\r\n"),
	QUOTED("a break may have blanks after it", "a= \t \r\nb= \r\n",
	    "a= \r\nb= \r\n"),
	QUOTED("or end the text", "a=", "a="),
	NOT_QUOTED("an equals sign alone is not quoted-printable", "a = b\r\n"),
	NOT_QUOTED("nor one with half a number", "a=4"),
	NOT_QUOTED("or with half a number in the line", "a=4\r\n"),
	NOT_QUOTED("or with no number", "<a href=\"b\">\r\n"),
	NOT_QUOTED("or with 8 bits after it", "a=\303\251\r\n"),
	NOT_QUOTED("or with another after it", "a==41\r\n"),
	NOT_QUOTED("or with blanks and text after it", "a=  b\r\n"),
	BASE64("lines of 76 stay", X70 "123456\r\n789=\r\n",
	    X70 "123456\r\n789="),
	BASE64("longer ones are broken", X70 "123456789=\r\n",
	    X70 "123456\r\n789="),
	BASE64("blanks that end a line are left out", "abcd \t\r\n \r\nef==",
	    "abcdef=="),
	NOT_BASE64("punctuation is not base64", "abcd.\r\n"),
	NOT_BASE64("nor are 8 bits", "abc\303\251\r\n"),
	NOT_BASE64("or words", "just text\r\n"),
	NOT_BASE64("or a blank in front of the padding", "abc =\r\n"),
	NOT_BASE64("or less than whole groups", "abcde\r\n"),
	NOT_BASE64("or too much padding", "a===\r\n"),
	NOT_BASE64("or anything after the padding", "abc=\r\nabcd\r\n"),
	GIVES("nothing is done to what fits", RECODE_NOTHING,
	    X70 X70 "\303\251 \r\n", X70 X70 "\303\251 \r\n"),
	cmocka_unit_test(any_text_is_quoted_and_read_again),
	cmocka_unit_test(any_base64_has_the_same_letters_in_short_lines),
};

int
main(void)
{
	return cmocka_run_group_tests(recoder_spec, NULL, NULL);
}
