#include "util/json.h"

#include <stdint.h>
#include <string.h>

#include "util/text.h"
#include "util/visible.h"

void
json_string(struct buffer *b, const char *text)
{
	json_string_max(b, text, SIZE_MAX);
}

void
json_string_max(struct buffer *b, const char *text, size_t max)
{
	const size_t	start = b->len;
	size_t		left = strlen(text);

	buffer_add_byte(b, '"');
	while (left > 0) {
		const size_t	before = b->len;
		uint32_t	c;
		size_t		len = text_decode_utf8(text, left, &c);

		if (len == 0)
			buffer_add_text(b, "\\ufffd");
		else if (c == '"' || c == '\\')
			buffer_addf(b, "\\%c", (char)c);
		else if (!visible_is_safe(c))	/* on a terminal */
			buffer_addf(b, "\\u%04x", (unsigned)c);
		else
			buffer_add(b, text, len);
		if (b->len - start >= max) {
			b->len = before;
			break;
		}
		len += len == 0;
		text += len;
		left -= len;
	}
	buffer_add_byte(b, '"');
}

static bool
is_enclosed(const char *text, size_t len)
{
	static const char	blanks[] = " \t\r\n";

	while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(blanks, *text) != NULL)
		text++, len--;
	return len > 1 && ((text[0] == '{' && text[len - 1] == '}') ||
	    (text[0] == '[' && text[len - 1] == ']'));
}

static void
add_escape(struct buffer *b, uint32_t c)
{
	if (c > 0xffff) {
		c -= 0x10000;
		buffer_addf(b, "\\u%04x", (unsigned)(0xd800 + (c >> 10)));
		c = 0xdc00 + (c & 0x3ff);
	}
	buffer_addf(b, "\\u%04x", (unsigned)c);
}

bool
json_to_ascii(struct buffer *b, const char *text, size_t len)
{
	size_t	before = b->len;
	bool	good = is_enclosed(text, len);
	bool	quoted = false, escaped = false;

	while (good && len > 0) {
		uint32_t	c;
		size_t		n = text_decode_utf8(text, len, &c);

		if (n == 1) {
			quoted ^= c == '"' && !escaped;
			escaped = c == '\\' && quoted && !escaped;
			buffer_add_byte(b, *text);
		} else {
			good = n > 0 && quoted && !escaped;
			if (good)
				add_escape(b, c);
		}
		text += n;
		len -= n;
	}
	good = good && !quoted;
	if (!good)
		b->len = before;
	return good;
}
