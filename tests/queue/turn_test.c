#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "queue/turn.h"
#include "support/cases.h"

#define S	INT64_C(1000000)
#define DAY	(86400 * S)

static const int64_t	start = INT64_C(1763760000) * S;

struct rate_case {
	const char	*sentence;
	uint64_t	 count;
	int64_t		 period_ms;
	int64_t		 interval;
	int64_t		 burst;		/* messages */
};

static const struct rate_case rates[] = {
	{ "a rate below 10 has no burst", 6, 60000, 10 * S, 1 },
	{ "a tenth is the burst, and the interval is longer for it",
	    30, 60000, 60 * S / 28 + 1, 3 },
	{ "the interval is rounded up", 7, 60000, 8571429, 1 },
	{ "one in a day", 1, 86400000, DAY, 1 },
	{ "an interval is never 0", UINT64_C(1) << 50, 1000, 1,
	    INT32_MAX / 10 },
};

/*
 * Messages arrive much faster than the rate, for four periods: in no period,
 * wherever it begins, are more than the number sent.
 */
static void
rate_is_kept(void **state)
{
	enum { SENT_MAX = 4096 };

	const struct rate_case	*c = *state;
	struct spool_state_host	 host = { .pace_us = 0 };
	struct turn_rate	 rate;
	static int64_t		 sent[SENT_MAX];
	size_t			 n = 0;
	int64_t			 at, period = c->period_ms * 1000;

	turn_rate_set(&rate, c->count, c->period_ms);
	assert_int_equal(rate.interval, c->interval);
	assert_int_equal(rate.burst, (c->burst - 1) * c->interval);
	if (c->count > SENT_MAX / 8)
		return;
	for (int64_t now = start; now < start + 4 * period;
	    now += rate.interval / 7 + 1)
		if (turn_take(&host, &rate, now, TURN_DUE, &at)) {
			assert_true(n < SENT_MAX);
			sent[n++] = now;
		}
	/* The rate is used, too: a seventh of an interval is lost at most. */
	assert_true(n >= 3 * c->count);
	for (size_t i = 0; i < n; i++)
		for (size_t k = i; k < n && sent[k] < sent[i] + period; k++)
			assert_true(k - i < c->count);
}

/* One call of turn_take(). */
struct step {
	int64_t		s;	/* seconds after the start */
	enum turn_kind	kind;
	int64_t		until;	/* seconds; 0: it is sent */
};

struct turn_case {
	const char	*sentence;
	struct step	 steps[8];
};

/* The rate of all cases: 6 in a minute, one each ten seconds. */
static const struct turn_case turns[] = {
	{ "the first message is sent, further ones take turns", {
	    { 100, TURN_NEW, 0 }, { 100, TURN_NEW, 110 },
	    { 101, TURN_NEW, 120 }, { 102, TURN_NEW, 130 } } },
	{ "a message in the queue is sent when its turn has come", {
	    { 100, TURN_NEW, 0 }, { 101, TURN_NEW, 110 },
	    { 109, TURN_DUE, 110 }, { 110, TURN_DUE, 0 } } },
	{ "a new message does not pass those in the queue", {
	    { 100, TURN_NEW, 0 }, { 101, TURN_NEW, 110 },
	    { 102, TURN_NEW, 120 }, { 112, TURN_NEW, 130 } } },
	{ "if all promised turns are over, a new message is sent", {
	    { 100, TURN_NEW, 0 }, { 101, TURN_NEW, 110 },
	    { 110, TURN_NEW, 0 }, { 110, TURN_DUE, 120 } } },
	{ "messages that come too late are not sent at once", {
	    { 100, TURN_NEW, 0 }, { 100, TURN_NEW, 110 },
	    { 100, TURN_NEW, 120 }, { 1000, TURN_DUE, 0 },
	    { 1000, TURN_DUE, 1010 } } },
	{ "an entry that is not due does not pass those that are", {
	    { 100, TURN_NEW, 0 }, { 100, TURN_NEW, 110 },
	    { 100, TURN_NEW, 120 }, { 111, TURN_EARLY, 130 },
	    { 111, TURN_DUE, 0 } } },
	{ "an entry that is not due is promised no turn", {
	    { 100, TURN_NEW, 0 }, { 101, TURN_EARLY, 110 },
	    { 101, TURN_NEW, 110 } } },
	{ "an entry that is not due is sent if none waits", {
	    { 100, TURN_NEW, 0 }, { 111, TURN_EARLY, 0 } } },
	{ "if the clock is set back, the next turn is soon", {
	    { 90000, TURN_NEW, 0 }, { 90000, TURN_NEW, 90010 },
	    { 100, TURN_DUE, 0 }, { 100, TURN_NEW, 110 } } },
	{ "if the clock is set back a little, a turn is an interval away", {
	    { 105, TURN_NEW, 0 }, { 106, TURN_NEW, 115 },
	    { 115, TURN_DUE, 0 }, { 100, TURN_NEW, 0 },
	    { 100, TURN_NEW, 110 } } },
	{ "if the clock is set forward, the rate goes on from there", {
	    { 100, TURN_NEW, 0 }, { 100, TURN_NEW, 110 },
	    { 90000, TURN_DUE, 0 }, { 90000, TURN_NEW, 90010 } } },
};

static void
turns_are(void **state)
{
	const struct turn_case	*c = *state;
	struct spool_state_host	 host = { .pace_us = 0 };
	struct turn_rate	 rate;

	turn_rate_set(&rate, 6, 60000);
	for (size_t i = 0; c->steps[i].s != 0; i++) {
		const struct step	*step = &c->steps[i];
		int64_t			 at = 0;
		bool			 good = turn_take(&host, &rate,
					    start + step->s * S, step->kind,
					    &at);

		if (good != (step->until == 0) || (!good &&
		    at != start + step->until * S))
			fail_msg("step %zu: %s %lld", i, good ? "sent" :
			    "waits until", (long long)(good ? 0 :
			    (at - start) / S));
	}
}

static void
promises_end_after_an_hour(void **state)
{
	struct spool_state_host	host = { .pace_us = 0 };
	struct turn_rate	rate;
	int64_t			at;

	(void)state;
	turn_rate_set(&rate, 1, 60000);
	for (int i = 0; i < 1000; i++)
		turn_take(&host, &rate, start, TURN_NEW, &at);
	assert_int_equal(at, start + TURN_AHEAD_S * S);
	/* And a slow rate has no longer promise. */
	turn_rate_set(&rate, 1, 86400000);
	host = (struct spool_state_host){ .pace_us = 0 };
	assert_true(turn_take(&host, &rate, start, TURN_NEW, &at));
	assert_false(turn_take(&host, &rate, start, TURN_NEW, &at));
	assert_int_equal(at, start + TURN_AHEAD_S * S);
	assert_false(turn_take(&host, &rate, at, TURN_DUE, &at));
	assert_true(turn_take(&host, &rate, start + DAY, TURN_DUE, &at));
}

int
main(void)
{
	static const struct CMUnitTest promise_spec[] = {
		cmocka_unit_test(promises_end_after_an_hour),
	};
	int	bad = 0;

	bad |= CASES_RUN("rates", rate_is_kept, rates);
	bad |= CASES_RUN("turns", turns_are, turns);
	bad |= cmocka_run_group_tests_name("promises", promise_spec, NULL,
	    NULL);
	return bad;
}
