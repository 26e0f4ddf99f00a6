#include "token/base64url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/base64.h"

void
base64url_encode(struct buffer *to, const void *data, size_t len)
{
	size_t	 start = to->len;

	base64_encode(to, data, len);
	while (to->len > start && to->data[to->len - 1] == '=')
		to->data[--to->len] = '\0';
	for (size_t i = start; i < to->len; i++) {
		if (to->data[i] == '+')
			to->data[i] = '-';
		else if (to->data[i] == '/')
			to->data[i] = '_';
	}
}

void
base64url_random(struct buffer *to)
{
	uint8_t	bits[32];

	arc4random_buf(bits, sizeof(bits));
	base64url_encode(to, bits, sizeof(bits));
	explicit_bzero(bits, sizeof(bits));
}
