#include "util/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct buffer *out, const void *data, size_t len)
{
	const unsigned char	*in = data;
	char			*to = buffer_room(out, (len + 2) / 3 * 4);

	for (; len > 0; in += 3, len = len > 3 ? len - 3 : 0) {
		uint32_t	group = (uint32_t)in[0] << 16;

		if (len > 1)
			group |= (uint32_t)in[1] << 8;
		if (len > 2)
			group |= in[2];
		*to++ = alphabet[group >> 18];
		*to++ = alphabet[group >> 12 & 63];
		*to++ = len > 1 ? alphabet[group >> 6 & 63] : '=';
		*to++ = len > 2 ? alphabet[group & 63] : '=';
	}
	*to = '\0';
	out->len = (size_t)(to - out->data);
}

static int
digit_value(char c)
{
	const char	*at;

	if (c == '\0' || (at = strchr(alphabet, c)) == NULL)
		return -1;
	return (int)(at - alphabet);
}

bool
base64_decode(struct buffer *out, const char *text, size_t len)
{
	size_t	start = out->len;
	size_t	pad = 0;

	if (len % 4 != 0)
		return false;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		size_t		last = i + 4 == len ? pad : 0;
		uint32_t	group = 0;
		char		bytes[3];

		for (size_t k = 0; k < 4; k++) {
			int	v = k < 4 - last ?
				    digit_value(text[i + k]) : 0;

			if (v < 0) {
				if (out->data != NULL)
					out->data[start] = '\0';
				out->len = start;
				return false;
			}
			group = group << 6 | (uint32_t)v;
		}
		bytes[0] = (char)(group >> 16);
		bytes[1] = (char)(group >> 8);
		bytes[2] = (char)group;
		buffer_add(out, bytes, 3 - last);
	}
	return true;
}
