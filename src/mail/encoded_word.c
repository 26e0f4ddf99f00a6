#include "mail/encoded_word.h"

#include <ctype.h>
#include <string.h>

#include "util/base64.h"
#include "util/hex.h"
#include "util/text.h"

enum {
	WORD = 75,		/* octets, RFC 2047 section 2 */
	LEAST = 24,		/* octets of text in the first word */
};

/*
 * Whether a character is literal in Q encoding in any field (section 5, rule
 * 3).
 */
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
	for (size_t i = 0; i < len; i++) {
		char	code[3] = "=";

		if (text[i] == ' ') {
			buffer_add_byte(to, '_');
		} else if (is_plain(text[i])) {
			buffer_add_byte(to, text[i]);
		} else {
			hex_write_upper(code + 1, (unsigned char)text[i]);
			buffer_add(to, code, 3);
		}
	}
}

/* The number of octets of text whose encoded form fits into the room. */
static size_t
fitting_length(const char *text, size_t len, size_t room, bool b,
    const char *charset)
{
	size_t	n = 0;
	size_t	code = 0;

	while (n < len) {
		size_t	c = charset_character(charset, text + n, len - n);

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
	bool	b = q_length(text, len) * 4 > len * 9;	/* most is encoded */
	size_t	most = WORD - strlen("=?" "?Q?" "?=") - strlen(charset);
	size_t	room = most > less + LEAST ? most - less : LEAST;

	while (len > 0) {
		size_t	n = fitting_length(text, len, room, b, charset);

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

/* The number of octets before the "?=" at the end, or len if it is missing. */
static size_t
text_length(const char *text, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++) {
		if (text[i] == '?' && text[i + 1] == '=')
			return i;
		if (text[i] == '=' && text[i + 1] == '?' &&
		    (i + 2 == len || text[i + 2] != '='))
			break;		/* another word begins */
	}
	return len;
}

size_t
encoded_word_read(struct encoded_word *w, const char *text, size_t len)
{
	size_t	charset = 0, start;

	if (len < 8 || text[0] != '=' || text[1] != '?')
		return 0;
	/* A language may follow the charset (RFC 2231). */
	for (char c; charset + 2 < len; charset++) {
		c = text[charset + 2];
		if (!isalnum((unsigned char)c) &&
		    (c == '\0' || strchr("-_.:+*", c) == NULL))
			break;
	}
	start = 2 + charset + 3;
	if (charset == 0 || charset > CHARSET_NAME_MAX || start >= len ||
	    text[start - 3] != '?' || strchr("bBqQ", text[start - 2]) == NULL ||
	    text[start - 1] != '?')
		return 0;
	*w = (struct encoded_word){ .base64 = text[start - 2] == 'b' ||
	    text[start - 2] == 'B', .text = text + start };
	memcpy(w->charset, text + 2, charset);
	w->text_len = text_length(w->text, len - start);
	if (w->text_len == len - start)
		return 0;
	w->len = start + w->text_len + 2;
	return w->len;
}

static bool
decode_base64(struct buffer *to, const struct encoded_word *w)
{
	struct buffer	text = { 0 };
	bool		good;

	for (size_t i = 0; i < w->text_len; i++)
		if (!text_is_blank(w->text[i]))
			buffer_add_byte(&text, w->text[i]);
	while (text.len % 4 > 1)	/* some programs omit padding */
		buffer_add_byte(&text, '=');
	good = base64_decode(to, text.data, text.len);
	buffer_free(&text);
	return good;
}

bool
encoded_word_decode(struct buffer *to, const struct encoded_word *w)
{
	const char	*text = w->text;

	if (w->base64)
		return decode_base64(to, w);
	for (size_t i = 0; i < w->text_len; i++) {
		int	octet = text[i] == '=' && i + 2 < w->text_len ?
			    hex_read(text + i + 1) : -1;

		if (octet >= 0) {
			buffer_add_byte(to, (char)octet);
			i += 2;
		} else {
			buffer_add_byte(to, text[i] == '_' ? ' ' : text[i]);
		}
	}
	return true;
}

bool
mixed_text_next(struct mixed_text *m, const char *text, size_t len,
    size_t *at)
{
	size_t	i = *at;

	*m = (struct mixed_text){ .text = text };
	if (i == len)		/* the text can be NULL */
		return false;
	m->text += i;
	while (i < len && encoded_word_read(&m->word, text + i, len - i) == 0)
		i++;
	m->len = i - *at;
	if (*at > 0 && m->word.len > 0 &&
	    strspn(m->text, " \t") >= m->len)
		m->len = 0;
	*at = i + m->word.len;
	return true;
}
