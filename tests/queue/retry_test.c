#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue/retry.h"

static const struct retry_schedule schedule = {
	{ 60, 300, 900, 1800, 3600 }, 5
};
static const struct retry_schedule daily = { { 86400 }, 1 };

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

	assert_int_equal(retry_delay(&schedule, c->attempts, c->in_doubt, 0),
	    least);
	for (uint32_t random = 1; random != 0; random *= 7, random <<= 3) {
		int64_t	delay = retry_delay(&schedule, c->attempts,
			    c->in_doubt, random);

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

	assert_int_equal(retry_next(c->now, c->arrived, c->lifetime, 3600),
	    c->next);
	assert_int_equal(retry_is_over(c->now, c->arrived, c->lifetime, 5),
	    c->over);
}

/* A lifetime of 1000 seconds ended long ago. */
static void
is_over_when_asked(void **state)
{
	const unsigned	*asked = *state;

	assert_int_equal(retry_is_over(INT64_MAX / 2, 0, 1000, *asked),
	    *asked >= 5);
}

struct due_case {
	int64_t	next;
	bool	due;
};

static void
due_is(void **state)
{
	const struct due_case	*c = *state;

	assert_int_equal(retry_is_due(&schedule, 10000, c->next), c->due);
}

/* A delay of the schedule that is longer than an hour. */
static void
keeps_long_delays(void **state)
{
	(void)state;
	assert_int_equal(retry_delay(&daily, 1, true, 0), 86400);
	assert_int_equal(retry_delay(&daily, 9, false, 0), 86400);
	assert_false(retry_is_due(&daily, 10000, 10000 + 86400));
	assert_true(retry_is_due(&daily, 10000, 10000 + 2 * 86400));
}

#define DELAYS(sentence, attempts, in_doubt, minutes) \
	{ sentence, delay_is, NULL, NULL, \
	    &(struct delay_case){ attempts, in_doubt, minutes } }
#define NEXT(sentence, now, arrived, lifetime, next, over) \
	{ sentence, next_is, NULL, NULL, \
	    &(struct next_case){ now, arrived, lifetime, next, over } }

#define ASKED(sentence, asked) \
	{ sentence, is_over_when_asked, NULL, NULL, &(unsigned){ asked } }

#define DUE(sentence, next, due) \
	{ sentence, due_is, NULL, NULL, &(struct due_case){ next, due } }

static struct CMUnitTest retry_spec[] = {
	DELAYS("without an attempt the delay is a minute", 0, false, 1),
	DELAYS("after the first attempt the delay is a minute", 1, false, 1),
	DELAYS("after the second attempt it is 5 minutes", 2, false, 5),
	DELAYS("after the third attempt it is 15 minutes", 3, false, 15),
	DELAYS("after the fourth attempt it is 30 minutes", 4, false, 30),
	DELAYS("after the fifth attempt it is an hour", 5, false, 60),
	DELAYS("after the sixth attempt it is an hour", 6, false, 60),
	DELAYS("after any number of attempts it is an hour", UINT32_MAX,
	    false, 60),
	DELAYS("after an attempt in doubt it is an hour", 1, true, 60),
	{ "a delay of a day is not shortened, nor mistaken for a wrong clock",
	    keeps_long_delays, NULL, NULL, NULL },
	NEXT("the delay begins now", 10000, 9000, 86400, 13600, false),
	NEXT("the last attempt is made at the end of the lifetime",
	    10000, 9000, 2000, 11000, false),
	NEXT("at the end of the lifetime the entry has expired", 10000, 9000,
	    1000, 13600, true),
	NEXT("an arrival time in the future is treated as now", 10000, 20000,
	    1000, 11000, false),
	ASKED("if no server was asked, the entry has not expired", 0),
	ASKED("after four attempts the entry has not expired", 4),
	ASKED("after five attempts the entry has expired", 5),
	ASKED("after more attempts the entry has expired", 500),
	DUE("without a valid time the entry is due", 0, true),
	DUE("at its time the entry is due", 10000, true),
	DUE("before its time the entry is not due", 10001, false),
	DUE("before the longest delay the entry is not due", 10000 + 4050,
	    false),
	DUE("a time after the longest delay is invalid", 10000 + 4051, true),
	DUE("the latest possible time is invalid", INT64_MAX, true),
};

int
main(void)
{
	return cmocka_run_group_tests(retry_spec, NULL, NULL);
}
