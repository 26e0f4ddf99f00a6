#include "serve/serve_users.h"

#include <stdlib.h>

#include "util/memory.h"

static struct serve_user_use *
use_of(struct serve_users *u, uid_t uid)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->user[i].uid == uid)
			return &u->user[i];
	u->user = memory_room(u->user, u->n, &u->cap, sizeof(*u->user));
	u->user[u->n] = (struct serve_user_use){ .uid = uid };
	return &u->user[u->n++];
}

/* Rounded up. */
static int64_t
seconds_until(int64_t then_ms, int64_t now_ms)
{
	return (then_ms - now_ms + 999) / 1000;
}

int64_t
serve_users_check(struct serve_users *u, uid_t uid, uint64_t limit,
    int64_t period_s, int64_t now_ms, bool *first)
{
	struct serve_user_use	*use = use_of(u, uid);

	*first = false;
	if (period_s < 1 || period_s > SERVE_USERS_PERIOD_MAX_S)
		period_s = SERVE_USERS_PERIOD_MAX_S;
	if (now_ms >= use->period_ends) {
		use->period_begins = now_ms;
		use->period_ends = now_ms + period_s * 1000;
		use->messages = 0;
		use->logged = false;
	}
	if (use->messages < limit) {
		use->messages++;
		return 0;
	}
	*first = !use->logged;
	use->logged = true;
	return seconds_until(use->period_ends, now_ms);
}

void
serve_users_uncount(struct serve_users *u, uid_t uid, int64_t counted_ms)
{
	struct serve_user_use	*use = use_of(u, uid);

	if (use->messages > 0 && counted_ms >= use->period_begins)
		use->messages--;
}

int64_t
serve_users_run(struct serve_users *u, uid_t uid, int64_t now_ms)
{
	struct serve_user_use	*use = use_of(u, uid);

	if (use->next_run > now_ms)
		return seconds_until(use->next_run, now_ms);
	use->next_run = now_ms + SERVE_USERS_RUN_S * 1000;
	return 0;
}

void
serve_users_free(struct serve_users *u)
{
	free(u->user);
	*u = (struct serve_users){ 0 };
}
