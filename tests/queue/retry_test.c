#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue/retry.h"

struct delay_case {
	unsigned	attempts;
	bool		in_doubt;
	int64_t		minutes;
};

static void
delay_is(void **state)
{
	const struct delay_case	*c = *state;
	int64_t			 least = c->minutes * 60;

	assert_int_equal(retry_delay(c->attempts, c->in_doubt, 0), least);
	for (uint32_t random = 1; random != 0; random *= 7, random <<= 3) {
		int64_t	delay = retry_delay(c->attempts, c->in_doubt, random);

		assert_in_range(delay, least, least + least / 8);
	}
}

struct next_case {
	int64_t	now;
	int64_t	arrived;
	int64_t	lifetime;
	int64_t	next;
	bool	over;
};

static void
next_is(void **state)
{
	const struct next_case	*c = *state;

	assert_int_equal(retry_next(c->now, c->arrived, c->lifetime, 5, false,
	    0), c->next);
	assert_int_equal(retry_is_over(c->now, c->arrived, c->lifetime),
	    c->over);
}

#define DELAYS(sentence, attempts, in_doubt, minutes) \
	{ sentence, delay_is, NULL, NULL, \
	    &(struct delay_case){ attempts, in_doubt, minutes } }
#define NEXT(sentence, now, arrived, lifetime, next, over) \
	{ sentence, next_is, NULL, NULL, \
	    &(struct next_case){ now, arrived, lifetime, next, over } }

static struct CMUnitTest retry_spec[] = {
	DELAYS("an entry never tried comes after a minute", 0, false, 1),
	DELAYS("a minute after the first attempt", 1, false, 1),
	DELAYS("five after the second", 2, false, 5),
	DELAYS("fifteen after the third", 3, false, 15),
	DELAYS("thirty after the fourth", 4, false, 30),
	DELAYS("an hour after the fifth", 5, false, 60),
	DELAYS("and every hour from then on", 6, false, 60),
	DELAYS("however often", UINT32_MAX, false, 60),
	DELAYS("an hour where the server may have it", 1, true, 60),
	NEXT("the delay counts from now", 10000, 9000, 86400, 13600, false),
	NEXT("the last attempt is made as the lifetime ends",
	    10000, 9000, 2000, 11000, false),
	NEXT("a lifetime that ends now is over", 10000, 9000, 1000, 13600,
	    true),
	NEXT("an entry from the future is not over", 10000, 20000, 1000,
	    13600, false),
};

int
main(void)
{
	return cmocka_run_group_tests(retry_spec, NULL, NULL);
}
