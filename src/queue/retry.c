#include "queue/retry.h"

#include <stddef.h>

enum {
	MINUTE = 60,
	HOUR = 60 * MINUTE,
	LENGTHENED = 8,			/* by up to an eighth */
	LONGEST = HOUR + HOUR / LENGTHENED,
	ASKED_MIN = 5,
};

int64_t
retry_delay(unsigned attempts, bool in_doubt, uint32_t random)
{
	static const int64_t	delays[] = {
		1 * MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR
	};
	const size_t		last = sizeof(delays) / sizeof(delays[0]) - 1;
	size_t			step = attempts > 0 ? attempts - 1 : 0;
	int64_t			delay = delays[step < last ? step : last];

	if (in_doubt)
		delay = HOUR;
	return delay + random % (uint32_t)(delay / LENGTHENED + 1);
}

int64_t
retry_next(int64_t now, int64_t arrived, int64_t lifetime, int64_t delay)
{
	int64_t	next = now + delay;
	int64_t	end = (arrived < now ? arrived : now) + lifetime;

	return now < end && next > end ? end : next;
}

bool
retry_is_due(int64_t now, int64_t next)
{
	return next <= now || next - now > LONGEST;
}

bool
retry_is_over(int64_t now, int64_t arrived, int64_t lifetime, unsigned asked)
{
	return asked >= ASKED_MIN && now >= arrived &&
	    now - arrived >= lifetime;
}
