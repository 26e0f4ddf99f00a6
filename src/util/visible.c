#include "util/visible.h"

#include <stdio.h>
#include <string.h>

/* The length of the UTF-8 character at text, 0 if it is none (RFC 3629). */
static size_t
utf8_length(const unsigned char *text, size_t len)
{
	size_t		n;
	unsigned long	c;

	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		n = 2, c = text[0] & 0x1f;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		n = 3, c = text[0] & 0x0f;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		n = 4, c = text[0] & 0x07;
	else
		return 0;
	if (n > len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text[i] & 0x3f);
	}
	if (c < 0xa0 || (n == 3 && c < 0x800) || (n == 4 && c < 0x10000) ||
	    (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	return n;
}

char *
visible(char *to, size_t size, const char *text, size_t len)
{
	const unsigned char	*in = (const unsigned char *)text;
	size_t			 at = 0;

	for (size_t i = 0, n; i < len; i += n) {
		char	piece[5];
		size_t	width;

		n = in[i] >= 0x80 ? utf8_length(in + i, len - i) : 1;
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
