#include "relay/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "relay/connection.h"
#include "relay/route.h"
#include "util/clock.h"
#include "util/memory.h"

void
relay_begin(struct relay *r, const struct config *config,
    const struct identity *me, const struct trace *trace)
{
	memset(r, 0, offsetof(struct relay, session));
	r->config = config;
	r->me = me;
	r->trace = trace;
}

void
relay_confine(struct relay *r, const struct sandbox *sandbox)
{
	command_process_start(&r->commands, r->config);
	r->commands.interrupt = r->interrupt;
	sandbox_enter(sandbox);
}

void
relay_end(struct relay *r)
{
	host_leave(r);
	command_process_end(&r->commands);
	smarthost_list_free(&r->hosts);
	free(r->down_sender);
}

/* Trying again later may help. */
static bool
is_temporary(const struct failure *why)
{
	return why->status == EX_TEMPFAIL || why->status == EX_PROTOCOL ||
	    why->status == EX_NOHOST || why->status == EX_IOERR ||
	    why->status == EX_OSERR;
}

/* The attempt failed as a whole: the same for everybody not judged before. */
static void
settle(const struct envelope *env, struct outcome *outcomes, bool unasked,
    const struct failure *why)
{
	for (size_t i = 0; i < env->n; i++) {
		struct outcome	*o = &outcomes[i];

		if (o->kind != OUTCOME_WAITING)
			continue;
		*o = (struct outcome){ .status = why->status,
		    .unasked = unasked };
		o->kind = is_temporary(why) ? OUTCOME_DEFERRED :
		    OUTCOME_FAILED;
		strlcpy(o->text, why->text, sizeof(o->text));
	}
}

static bool
find_hosts(struct relay *r, struct failure *why)
{
	const struct setting	*set = config_find(r->config, &r->subject,
				    KEY_SMARTHOST);

	if (set == NULL)
		return failed(why, EX_CONFIG, "no smarthost is configured: put "
		    "a line like \"smarthost = submission://smtp.example.org\" "
		    "into %s", r->config->path != NULL ? r->config->path :
		    config_system_file());
	smarthost_list_free(&r->hosts);
	return smarthost_list_parse(&r->hosts, set->value, why) ||
	    failure_prefix(why, "%s: ", set->origin);
}

static bool
is_same_view(const struct config_view *a, const struct config_view *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* A connection that was used so recently is not asked whether it is alive. */
enum { IDLE_MS = 3000 };

/*
 * A session that other settings opened is of no use for this route, nor one
 * whose server has something to say before it is asked: it has left.  A NAT
 * may have dropped an idle connection without a word, and then the first
 * command would wait for its whole time-out.
 */
static bool
is_of_use(struct relay *r, const struct route *route)
{
	return is_same_view(&r->view, &route->view) &&
	    !stream_is_readable(&r->session.stream) &&
	    (clock_ms() - r->used < IDLE_MS || session_is_alive(&r->session));
}

static bool
join_route(struct relay *r, const struct route *route, struct failure *why)
{
	if (r->connected && !is_of_use(r, route))
		host_leave(r);
	r->subject = route->subject;
	r->view = route->view;
	return r->connected || find_hosts(r, why);
}

/* One more smarthost is of no use; hope with any of them is hope. */
static void
pass_over(const struct relay *r, struct handing *h, const struct failure *why)
{
	if (r->trace != NULL)
		r->trace->line(r->trace->context, '*', why->text);
	if (h->why.text[0] == '\0') {
		h->why = *why;
		return;
	}
	if (!is_temporary(&h->why))
		h->why.status = why->status;
	failure_suffix(&h->why, "; %s", why->text);
}

/* It wants no more for now, and said so before it heard who is meant. */
static bool
is_turned_away(const struct relay *r)
{
	return r->session.step == STEP_MAIL && r->session.reply.code == 421;
}

/*
 * The smarthost at r->at, in as many sessions as it takes.  A kept session
 * that fails is followed by no other here: those begin with the first
 * smarthost, and a recipient at which servers hang costs two time-outs.
 */
static void
try_host(struct relay *r, struct handing *h)
{
	bool			kept = r->connected;
	enum host_result	result;
	struct failure		why;

	do
		result = host_send(r, h, &why);
	while (result == HOST_AGAIN && !kept);
	h->over = result == HOST_DONE || result == HOST_GAVE_UP;
	h->unasked &= !h->over && !r->reached;
	h->away &= !h->over && (!r->reached || is_turned_away(r));
	if (result == HOST_UNUSABLE)
		pass_over(r, h, &why);
	if (result == HOST_GAVE_UP)
		h->why = why;
}

/* The hosts behind +srv (RFC 6186) or +mx; a domain may be its own MX. */
static bool
look_up(struct relay *r, struct failure *why)
{
	static const char *const	services[] = {
		[SCHEME_SUBMISSIONS]	= "submissions",
		[SCHEME_SUBMISSION]	= "submission",
		[SCHEME_SMTP]		= "smtp",
		[SCHEME_LMTP]		= "lmtp",
	};
	const struct smarthost		*h = r->host;
	char				 name[LOOKUP_NAME + 32];

	if (h->lookup == LOOKUP_SRV) {
		snprintf(name, sizeof(name), "_%s._tcp.%s",
		    services[h->scheme], h->host);
		return lookup(&r->found, LOOKUP_TYPE_SRV, name, NULL, why);
	}
	if (lookup(&r->found, LOOKUP_TYPE_MX, h->host, NULL, why))
		return true;
	if (why->status != EX_NOHOST || r->found.none)
		return false;
	r->found.n = 1;		/* RFC 5321 section 5.1 */
	strlcpy(r->found.target[0].host, h->host,
	    sizeof(r->found.target[0].host));
	return true;
}

static void
try_found(struct relay *r, struct handing *h)
{
	struct failure	why;

	r->found.n = 0;
	r->found.none = false;
	if (!look_up(r, &why)) {
		failure_prefix(&why, "%s: ", r->host->host);
		pass_over(r, h, &why);
		return;
	}
	for (size_t i = 0; !h->over && i < r->found.n; i++) {
		const struct lookup_target	*t = &r->found.target[i];

		r->at = (struct endpoint){ .host = t->host,
		    .port = t->port != 0 && !r->host->port_given ? t->port :
		    r->host->port };
		try_host(r, h);
	}
}

static void
try_smarthost(struct relay *r, const struct smarthost *host,
    struct handing *h)
{
	r->host = host;
	r->no_chunking = false;
	if (host->lookup != LOOKUP_ADDRESS) {
		try_found(r, h);
		return;
	}
	r->at = (struct endpoint){ .host = host->host, .path = host->path,
	    .port = host->port };
	try_host(r, h);
}

static bool
is_known(const struct relay *r, const struct route *route)
{
	return (r->down || r->turned_away > 0) &&
	    is_same_view(&r->down_view, &route->view);
}

static bool
is_last_turned_away(const struct relay *r, const struct route *route)
{
	return is_known(r, route) && r->turned_away > 0 &&
	    strcmp(r->down_sender, route->envelope.reverse_path) == 0;
}

static bool
is_down(const struct relay *r, const struct route *route)
{
	return is_known(r, route) && (r->down ||
	    (r->turned_away > 1 && is_last_turned_away(r, route)));
}

static void
remember_turned_away(struct relay *r, const struct route *route)
{
	r->down = is_known(r, route) && !is_last_turned_away(r, route);
	r->turned_away = is_known(r, route) ? r->turned_away + 1 : 1;
	free(r->down_sender);
	r->down_sender = memory_copy(route->envelope.reverse_path);
}

/* What the smarthosts' answers mean to the next messages. */
static void
remember(struct relay *r, const struct route *route, const struct handing *h)
{
	if (!h->away) {
		if (is_known(r, route))
			r->turned_away = 0;
		return;
	}
	if (h->unasked)
		r->down = true;
	else
		remember_turned_away(r, route);
	r->down_view = route->view;
	r->down_why = h->why;
}

static void
send_together(struct relay *r, const struct route *route, struct handing *h)
{
	if (is_down(r, route)) {
		settle(h->env, h->outcomes, true, &r->down_why);
		return;
	}
	if (r->stopped) {
		settle(h->env, h->outcomes, true, &r->stopped_why);
		return;
	}
	if (join_route(r, route, &h->why)) {
		if (r->connected)
			try_host(r, h);
		if (!h->over)
			h->unasked = h->away = true;
		for (size_t i = 0; !h->over && i < r->hosts.n; i++)
			try_smarthost(r, &r->hosts.host[i], h);
	}
	if (r->remember)
		remember(r, route, h);
	settle(h->env, h->outcomes, h->unasked, &h->why);
}

static void
send_route(struct relay *r, const struct route *route,
    const struct message *message, struct outcome *outcomes)
{
	size_t		n = route->envelope.n;
	struct handing	h = { .env = &route->envelope, .message = message,
			    .outcomes = outcomes, .place = route->place,
			    .all = outcomes, .unasked = true,
			    .away = true };

	if (route->place == NULL) {
		send_together(r, route, &h);
		return;
	}
	h.outcomes = memory_new(n, sizeof(*h.outcomes));
	send_together(r, route, &h);
	for (size_t i = 0; i < n; i++)
		outcomes[route->place[i]] = h.outcomes[i];
	free(h.outcomes);
}

void
relay_send(struct relay *r, const struct envelope *env,
    const struct message *message, struct outcome *outcomes)
{
	struct routes	routes;

	r->stopped = false;
	routes_find(&routes, r->config, r->me->user, env, outcomes);
	for (size_t i = 0; i < routes.n; i++)
		send_route(r, &routes.route[i], message, outcomes);
	routes_free(&routes);
}
