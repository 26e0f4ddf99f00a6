#include "util/hex.h"

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
hex_read(const char *two)
{
	int	high = digit(two[0]);
	int	low = high >= 0 ? digit(two[1]) : -1;

	return low >= 0 ? high << 4 | low : -1;
}
