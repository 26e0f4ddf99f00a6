#include "submit/pace.h"

#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>

#include "queue/spool_state.h"
#include "relay/endpoints.h"
#include "relay/route.h"
#include "util/buffer.h"

static const char	waits[] = "waits its turn: ";

/* A route for which the key is set. */
struct paced_route {
	const struct route	*route;
	const struct setting	*set;
	struct turn_rate	 rate;
};

bool
pace_is_set(const struct config *config)
{
	return config_is_set(config, KEY_PACE);
}

int64_t
pace_now_us(void)
{
	struct timespec	now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
log_unlimited(const struct pace *p, const struct paced_route *r,
    const struct failure *why)
{
	log_line(p->log, LOG_WARNING, "pace = %s (%s) has no effect: %s",
	    r->set->value, r->set->origin, why->text);
}

/* The record of the login at the first smarthost, or NULL with why. */
static struct spool_state_host *
find_record(struct spool_state *state, const struct pace *p,
    const struct config_subject *subject, struct failure *why)
{
	struct endpoints		 endpoints = { 0 };
	struct relay_login		 login;
	struct buffer			 url = { 0 };
	struct spool_state_host		*host = NULL;

	if (endpoints_begin(&endpoints, p->config, subject, why)) {
		login = relay_find_login(p->config, subject,
		    &endpoints.smarthosts.host[0], &url);
		host = spool_state_host(state, login.url, login.user);
		buffer_free(&url);
	}
	endpoints_free(&endpoints);
	return host;
}

/* Returns whether an attempt can be made now; otherwise, sets *at. */
static bool
take_turn(const struct pace *p, const struct paced_route *r, int64_t *at)
{
	struct spool_state	 state;
	struct spool_state_host	*host;
	int64_t			 now;
	struct failure		 why;
	bool			 locked, go = true;

	if (p->spool == NULL) {
		log_unlimited(p, r, p->no_spool);
		return true;
	}
	locked = spool_state_open(&state, p->spool, pace_now_us() / 1000000,
	    &why);
	now = pace_now_us();		/* with the lock */
	if (!locked) {
		log_unlimited(p, r, &why);
	} else {
		if (state.invalid)
			log_line(p->log, LOG_WARNING, "%s/state: invalid "
			    "content; the file is reset",
			    p->spool->directory);
		host = find_record(&state, p, &r->route->subject, &why);
		go = host == NULL || turn_take(host, &r->rate, now, p->kind,
		    at);
	}
	if (!spool_state_close(&state, &why) && locked)
		log_unlimited(p, r, &why);
	return go;
}

static void
hold_route(struct pace *p, const struct paced_route *r,
    struct outcome *outcomes)
{
	const struct route	*route = r->route;
	struct outcome		 held = { .kind = OUTCOME_DEFERRED,
				    .status = EX_TEMPFAIL,
				    .not_attempted = true, .paced = true };

	outcome_set_text(&held, "%space = %s (%s)", waits, r->set->value,
	    r->set->origin);
	for (size_t i = 0; i < route->envelope.n; i++) {
		struct outcome	*o = &outcomes[route->place != NULL ?
				    route->place[i] : i];

		if (o->kind != OUTCOME_WAITING)
			continue;
		outcome_set(o, &held);
		p->held++;
	}
	outcome_clear(&held);
}

void
pace_hold(struct pace *p, const struct envelope *env,
    struct outcome *outcomes)
{
	struct route_list	routes;

	p->held = 0;
	p->until_us = 0;
	route_list_make(&routes, p->config, p->user, env, outcomes);
	for (size_t i = 0; i < routes.n; i++) {
		struct paced_route	r = { .route = &routes.route[i] };
		uint64_t		count;
		int64_t			period_ms, at;

		if (!config_rate(p->config, &r.route->subject, KEY_PACE,
		    &count, &period_ms) || (p->relay != NULL &&
		    relay_has_given_up(p->relay, r.route)))
			continue;
		r.set = config_find(p->config, &r.route->subject, KEY_PACE);
		turn_rate_set(&r.rate, count, period_ms);
		if (take_turn(p, &r, &at))
			continue;
		hold_route(p, &r, outcomes);
		if (p->until_us == 0 || at < p->until_us)
			p->until_us = at;
	}
	route_list_free(&routes);
}

bool
pace_is_reason(const char *reason)
{
	return strncmp(reason, waits, sizeof(waits) - 1) == 0;
}

int64_t
pace_next(const struct pace *p)
{
	return p->until_us / 1000000;
}
