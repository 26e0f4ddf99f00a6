#include "util/visible.h"

#include <stdio.h>
#include <string.h>

#include "util/text.h"

bool
visible_is_safe(uint32_t c)
{
	if (c < 0xa0)
		return c >= ' ' && c < 0x7f;
	/* Some characters end a line or change the direction of text. */
	return c != 0x61c && c != 0x200e && c != 0x200f &&
	    (c < 0x2028 || c > 0x202e) && (c < 0x2066 || c > 0x2069);
}

/* special: ASCII characters that are escaped as well. */
static char *
write_visible(char *to, size_t size, const char *text, size_t len,
    const char *special, bool double_backslash)
{
	bool	is_special[128] = { ['\\'] = true };
	size_t	at = 0;

	for (const char *c = special; *c != '\0'; c++)
		is_special[(unsigned char)*c] = true;
	for (size_t i = 0, n; i < len; i += n) {
		char		piece[5];
		const char	*from = text + i;
		size_t		 width;
		uint32_t	 c = (unsigned char)*from;

		/* Most characters: this saves 6,000 instructions for a line of
		 * the log. */
		if (c >= ' ' && c <= '~' && !is_special[c] && at + 1 < size) {
			to[at++] = *from;
			n = 1;
			continue;
		}
		n = c < 0x80 ? 1 : text_decode_utf8(from, len - i, &c);
		width = n;
		if (n == 0 || !visible_is_safe(c) ||
		    (n == 1 && strchr(special, *from) != NULL)) {
			n = 1;
			width = (size_t)snprintf(piece, sizeof(piece), "\\%03o",
			    (unsigned char)*from);
			from = piece;
		} else if (*from == '\\' && double_backslash) {
			from = "\\\\";
			width = 2;
		}
		if (at + width >= size)
			break;
		memcpy(to + at, from, width);
		at += width;
	}
	if (size > 0)
		to[at] = '\0';
	return to;
}

char *
visible(char *to, size_t size, const char *text, size_t len)
{
	return write_visible(to, size, text, len, "", true);
}

char *
visible_more(char *to, size_t size, const char *text, const char *special)
{
	return write_visible(to, size, text, strlen(text), special, false);
}

char *
visible_word(char *to, size_t size, const char *text)
{
	return write_visible(to, size, text, strlen(text), " \"<>", true);
}
