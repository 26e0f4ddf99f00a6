#include "queue/turn.h"

enum { BURST_PART = 10 };

#define AHEAD_US	(TURN_AHEAD_S * INT64_C(1000000))

/*
 * In a period, the burst and one message for each interval are sent: the
 * interval is the period divided by count - burst + 1.
 */
void
turn_rate_set(struct turn_rate *r, uint64_t count, int64_t period_ms)
{
	int64_t	n = count < INT32_MAX ? (int64_t)count : INT32_MAX;
	int64_t	burst = n >= BURST_PART ? n / BURST_PART : 1;
	int64_t	spaced = n - burst + 1;

	r->interval = (period_ms * 1000 + spaced - 1) / spaced;
	r->burst = (burst - 1) * r->interval;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * The generic cell rate algorithm: .pace_us is the time at which the messages
 * sent so far would have been sent without a burst, plus an interval.
 */
bool
turn_take(struct spool_state_host *host, const struct turn_rate *r, int64_t now,
    enum turn_kind kind, int64_t *at)
{
	int64_t	open = host->pace_us - r->burst;

	/* The clock was set back: an hour of promises, or one interval, is
	 * the most that can be ahead. */
	if (open > now + r->interval || host->pace_promised_us >
	    now + AHEAD_US) {
		host->pace_us = now + r->burst;
		host->pace_promised_us = 0;
		open = now;
	}
	if (open <= now && (kind == TURN_DUE ||
	    host->pace_promised_us <= now)) {
		host->pace_us = later(host->pace_us, now) + r->interval;
		return true;
	}
	*at = later(open, now);
	if (kind != TURN_DUE && host->pace_promised_us > now)
		*at = later(*at, host->pace_promised_us + r->interval);
	if (*at > now + AHEAD_US)
		*at = now + AHEAD_US;
	if (kind == TURN_NEW)
		host->pace_promised_us = *at;
	return false;
}
