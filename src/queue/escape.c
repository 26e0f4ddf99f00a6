#include "queue/escape.h"

#include <stdlib.h>
#include <string.h>

#include "util/hex.h"
#include "util/memory.h"

static bool
is_unescaped(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '%';
}

/* Writes one byte, escaped unless it is plain; returns the length. */
static size_t
escape_byte(char to[3], unsigned char c, bool plain)
{
	to[0] = plain ? (char)c : '%';
	if (plain)
		return 1;
	hex_write_upper(to + 1, c);
	return 3;
}

/* The byte that is escaped here; -1 if this is not an escape. */
static int
escaped_byte(const char *at, size_t len)
{
	return len >= 3 && at[0] == '%' ? hex_read(at + 1) : -1;
}

void
escape_word(struct buffer *b, const char *text)
{
	char	piece[3];

	for (;;) {
		size_t	plain = 0;

		while (is_unescaped((unsigned char)text[plain]))
			plain++;
		buffer_add(b, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		buffer_add(b, piece, escape_byte(piece, (unsigned char)*text,
		    false));
		text++;
	}
}

char *
escape_decode_word(const char *word, size_t len)
{
	char	*text = memory_new(len + 1, 1);
	size_t	 n = 0;

	for (size_t i = 0; i < len; i++) {
		int	c = (unsigned char)word[i];

		if (c == '%') {
			c = escaped_byte(word + i, len - i);
			i += 2;
		} else if (!is_unescaped((unsigned char)c)) {
			c = -1;
		}
		if (c <= 0) {
			free(text);
			return NULL;
		}
		text[n++] = (char)c;
	}
	return text;
}

void
escape_padded(char *to, size_t width, const char *text)
{
	size_t	at = 0;

	for (; *text != '\0'; text++) {
		unsigned char	c = (unsigned char)*text;
		char		piece[3];
		bool		last = text[1] == '\0';
		size_t		n;

		n = escape_byte(piece, c, is_unescaped(c) ||
		    (c == ' ' && !last));
		if (n > width - at)
			break;
		memcpy(to + at, piece, n);
		at += n;
	}
	memset(to + at, ' ', width - at);
}

void
escape_decode_padded(char *to, size_t size, const char *field, size_t width)
{
	size_t	n = 0;

	while (width > 0 && field[width - 1] == ' ')
		width--;
	for (size_t i = 0; i < width && n + 1 < size; i++) {
		int	c = escaped_byte(field + i, width - i);

		if (c > 0)
			i += 2;
		else
			c = is_unescaped((unsigned char)field[i]) ||
			    field[i] == '%' ? field[i] : ' ';
		to[n++] = (char)c;
	}
	to[n] = '\0';
}
