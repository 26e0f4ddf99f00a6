#include "queue/id.h"

#include <stddef.h>
#include <string.h>

static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

enum { SECONDS = 7, MICROSECONDS = 4, RANDOM = 4 };

static char *
write_digits(char *to, uint64_t value, size_t n)
{
	for (size_t i = n; i-- > 0; value /= 32)
		to[i] = digits[value % 32];
	return to + n;
}

void
id_make(char id[ID_SIZE], int64_t arrived_us, uint32_t random)
{
	char	*to = id;

	to = write_digits(to, (uint64_t)(arrived_us / 1000000), SECONDS);
	to = write_digits(to, (uint64_t)(arrived_us % 1000000), MICROSECONDS);
	to = write_digits(to, random, RANDOM);
	*to = '\0';
}

bool
id_is_valid(const char *name)
{
	return strlen(name) == ID_SIZE - 1 &&
	    strspn(name, digits) == ID_SIZE - 1;
}

int64_t
id_time(const char *id)
{
	int64_t	seconds = 0;

	for (size_t i = 0; i < SECONDS; i++)
		seconds = seconds * 32 + (strchr(digits, id[i]) - digits);
	return seconds;
}
