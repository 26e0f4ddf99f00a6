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
	assert_int_equal(retry_is_over(c->now, c->arrived, c->lifetime, 5),
	    c->over);
}

/* A lifetime of 1000 seconds, which began long ago. */
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

	assert_int_equal(retry_is_due(10000, c->next), c->due);
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
	NEXT("an entry from the future came now", 10000, 20000, 1000,
	    11000, false),
	ASKED("an entry that no server was asked about is not over", 0),
	ASKED("nor one that was only asked about four times", 4),
	ASKED("but after the fifth time", 5),
	ASKED("and later", 500),
	DUE("what could not be an entry is due", 0, true),
	DUE("an entry is due at its time", 10000, true),
	DUE("and not before", 10001, false),
	DUE("however long the delay", 10000 + 4050, false),
	DUE("a time that no delay leads to is over", 10000 + 4051, true),
	DUE("whatever it is", INT64_MAX, true),
};

int
main(void)
{
	return cmocka_run_group_tests(retry_spec, NULL, NULL);
}
