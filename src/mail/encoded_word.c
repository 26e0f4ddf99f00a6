#include "mail/encoded_word.h"

#include <string.h>

#include "util/base64.h"
#include "util/octets.h"
#include "util/utf8.h"

enum {
	WORD = 75,		/* octets, RFC 2047 section 2 */
	LEAST = 24,		/* room for text in the first word */
};

bool
text_is_ascii(const char *text, size_t len)
{
	uint64_t	seen = 0;

	for (; len >= 8; text += 8, len -= 8)
		seen |= octets_load(text);
	for (; len > 0; text++, len--)
		seen |= (unsigned char)*text;
	return (seen & OCTETS_HIGH) == 0;
}

bool
text_is_utf8(const char *text, size_t len)
{
	while (len > 0) {
		uint32_t	c;
		size_t		n = len >= 8 && text_is_ascii(text, 8) ? 8 :
				    utf8_decode(text, len, &c);

		if (n == 0)
			return false;
		text += n;
		len -= n;
	}
	return true;
}

const char *
text_charset(const char *text, size_t len, const char *declared)
{
	if (text_is_utf8(text, len))
		return "utf-8";
	return declared != NULL ? declared : "unknown-8bit";
}

/* What may stand in a Q word wherever it stands (section 5, rule 3). */
static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("!*+-/", c) != NULL);
}

static size_t
q_length(const char *text, size_t len)
{
	size_t	n = 0;

	for (size_t i = 0; i < len; i++)
		n += is_plain(text[i]) || text[i] == ' ' ? 1 : 3;
	return n;
}

static void
write_q(struct buffer *to, const char *text, size_t len)
{
	static const char	digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char	c = (unsigned char)text[i];
		char		code[3] = { '=', digits[c >> 4],
				    digits[c & 15] };

		if (c == ' ')
			buffer_add_byte(to, '_');
		else if (is_plain(text[i]))
			buffer_add_byte(to, text[i]);
		else
			buffer_add(to, code, 3);
	}
}

/* Octets of the character at text. */
static size_t
character(const char *text, size_t len, bool utf8)
{
	uint32_t	c;
	size_t		n = utf8 ? utf8_decode(text, len, &c) : 1;

	return n > 0 ? n : 1;
}

/* How much text fits a word that has so much room for its code. */
static size_t
fitting(const char *text, size_t len, size_t room, bool b, bool utf8)
{
	size_t	n = 0;
	size_t	code = 0;

	while (n < len) {
		size_t	c = character(text + n, len - n, utf8);

		code = b ? (n + c + 2) / 3 * 4 : code + q_length(text + n, c);
		if (code > room && n > 0)
			break;
		n += c;
	}
	return n;
}

void
encoded_words_write(struct buffer *to, const char *text, size_t len,
    const char *charset, size_t less)
{
	bool	b = q_length(text, len) * 4 > len * 9;	/* most coded */
	bool	utf8 = strcmp(charset, "utf-8") == 0;
	size_t	most = WORD - strlen("=?" "?Q?" "?=") - strlen(charset);
	size_t	room = most > less + LEAST ? most - less : LEAST;

	while (len > 0) {
		size_t	n = fitting(text, len, room, b, utf8);

		buffer_addf(to, "=?%s?%c?", charset, b ? 'B' : 'Q');
		if (b)
			base64_encode(to, text, n);
		else
			write_q(to, text, n);
		buffer_add_text(to, n < len ? "?= " : "?=");
		text += n;
		len -= n;
		room = most;
	}
}

bool
is_encoded_word(const char *word, size_t len)
{
	return len >= 8 && memcmp(word, "=?", 2) == 0 &&
	    memcmp(word + len - 2, "?=", 2) == 0;
}
