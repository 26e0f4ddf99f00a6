#include "submit/tally.h"

#include <string.h>
#include <time.h>

#include "util/clock.h"

static void
add_outcome(struct counters *to, const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_DELIVERED:
		to->delivered++;
		break;
	case OUTCOME_DEFERRED:
		to->deferred++;
		break;
	case OUTCOME_FAILED:
		to->failed++;
		break;
	case OUTCOME_WAITING:
		break;
	}
}

void
tally_count(struct tally *t, const struct tried *tried,
    const struct outcome *outcomes, size_t n, const bool *selected)
{
	static const enum counters_login	logins[] = {
		[TRIED_LOGIN_NONE] = COUNTERS_LOGIN_UNKNOWN,
		[TRIED_LOGIN_ACCEPTED] = COUNTERS_LOGIN_ACCEPTED,
		[TRIED_LOGIN_REFUSED] = COUNTERS_LOGIN_REFUSED,
	};
	struct counters	*counters = t->counters;

	t->n = tried->n;
	for (size_t i = 0; i < tried->n; i++) {
		const struct tried_smarthost	*h = &tried->smarthost[i];

		counters[i] = (struct counters){ .login = logins[h->login],
		    .certificate_expiry = h->certificate_expiry };
		strlcpy(counters[i].url, h->url, sizeof(counters[i].url));
		strlcpy(counters[i].user, h->user, sizeof(counters[i].user));
	}
	for (size_t i = 0; i < n; i++) {
		unsigned	number = outcomes[i].smarthost;

		if (number > 0 && number <= tried->n &&
		    (selected == NULL || selected[i]))
			add_outcome(&counters[number - 1], &outcomes[i]);
	}
}

void
tally_write(const struct tally *t, struct spool *spool)
{
	if (t->n > 0)
		counters_add(spool, t->counters, t->n, clock_now());
}
