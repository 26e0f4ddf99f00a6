#include "util/utf8.h"

/* By the first octet: the length, its own bits, the least that needs it. */
static const struct {
	unsigned char	mask, lead, bits;
	uint32_t	least;
} forms[] = {
	{ 0x80, 0x00, 0x7f, 0 },
	{ 0xe0, 0xc0, 0x1f, 0x80 },
	{ 0xf0, 0xe0, 0x0f, 0x800 },
	{ 0xf8, 0xf0, 0x07, 0x10000 },
};

size_t
utf8_decode(const char *text, size_t len, uint32_t *c)
{
	const unsigned char	*in = (const unsigned char *)text;
	size_t			 n = 0;

	if (len == 0)
		return 0;
	while (n < 4 && (in[0] & forms[n].mask) != forms[n].lead)
		n++;
	if (n >= 4 || n >= len)
		return 0;
	*c = in[0] & forms[n].bits;
	for (size_t i = 1; i <= n; i++) {
		if ((in[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (in[i] & 0x3f);
	}
	if (*c < forms[n].least || (*c >= 0xd800 && *c <= 0xdfff) ||
	    *c > 0x10ffff)
		return 0;
	return n + 1;
}
