#include "queue/retry.h"

enum {
	HOUR = 60 * 60,
	LENGTHENED = 8,			/* by up to an eighth */
	ASKED_MIN = 5,
};

int64_t
retry_delay(const struct retry_schedule *s, unsigned attempts, bool in_doubt,
    uint32_t random)
{
	size_t	step = attempts > 0 ? attempts - 1 : 0;
	int64_t	delay = s->delay[step < s->n ? step : s->n - 1];

	if (in_doubt && delay < HOUR)
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
retry_is_due(const struct retry_schedule *s, int64_t now, int64_t next)
{
	int64_t	longest = HOUR;		/* in doubt */

	for (size_t i = 0; i < s->n; i++)
		if (s->delay[i] > longest)
			longest = s->delay[i];
	return next <= now || next - now > longest + longest / LENGTHENED;
}

bool
retry_is_over(int64_t now, int64_t arrived, int64_t lifetime, unsigned asked)
{
	return asked >= ASKED_MIN && now >= arrived &&
	    now - arrived >= lifetime;
}
