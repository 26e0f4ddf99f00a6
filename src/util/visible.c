#include "util/visible.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/utf8.h"

/* Ends a line, or turns the text behind it round, where it is shown. */
static bool
is_deceitful(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* The length of the character at text if it is harmless, else 0. */
static size_t
harmless(const char *text, size_t len)
{
	uint32_t	c;
	size_t		n = utf8_decode(text, len, &c);

	return n > 0 && c >= 0xa0 && !is_deceitful(c) ? n : 0;
}

char *
visible(char *to, size_t size, const char *text, size_t len)
{
	const unsigned char	*in = (const unsigned char *)text;
	size_t			 at = 0;

	for (size_t i = 0, n; i < len; i += n) {
		char	piece[5];
		size_t	width;

		n = in[i] >= 0x80 ? harmless(text + i, len - i) : 1;
		if (n > 1) {
			memcpy(piece, in + i, width = n);
		} else if (n == 0 || in[i] < 0x20 || in[i] == 0x7f) {
			n = 1;
			width = (size_t)snprintf(piece, sizeof(piece), "\\%03o",
			    in[i]);
		} else if (in[i] == '\\') {
			memcpy(piece, "\\\\", width = 2);
		} else {
			piece[0] = text[i];
			width = 1;
		}
		if (at + width >= size)
			break;
		memcpy(to + at, piece, width);
		at += width;
	}
	if (size > 0)
		to[at] = '\0';
	return to;
}
