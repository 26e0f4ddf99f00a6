#include "util/json.h"

#include <stdint.h>
#include <string.h>

#include "util/utf8.h"

/* DEL and what C1 has are no trouble for JSON, but for a terminal. */
static void
add_character(struct buffer *b, const char *text, size_t len, uint32_t c)
{
	if (c == '"' || c == '\\')
		buffer_addf(b, "\\%c", (char)c);
	else if (c < ' ' || (c >= 127 && c < 160))
		buffer_addf(b, "\\u%04x", (unsigned)c);
	else
		buffer_add(b, text, len);
}

void
json_string(struct buffer *b, const char *text)
{
	size_t	left = strlen(text);

	buffer_add_byte(b, '"');
	while (left > 0) {
		uint32_t	c;
		size_t		len = utf8_decode(text, left, &c);

		if (len == 0)
			buffer_add_text(b, "\\ufffd");
		else
			add_character(b, text, len, c);
		len += len == 0;
		text += len;
		left -= len;
	}
	buffer_add_byte(b, '"');
}
