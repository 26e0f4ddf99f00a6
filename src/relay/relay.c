#include "relay/relay.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "relay/advice.h"
#include "relay/delivery.h"
#include "relay/dial.h"
#include "relay/route.h"
#include "relay/tcp_ports.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/memory.h"

/* The attempt for the forward-paths of one route. */
struct route_attempt {
	struct relay		*relay;
	const struct route	*route;
	const struct message	*message;
	struct outcome		*outcomes;	/* one for each forward-path of
						 * the route */
	struct outcome		*all_outcomes;	/* of the message: copies go to
						 * route->place; or NULL */
	bool			*pending;	/* owned: no outcome yet */
	size_t			 n_pending;
	struct failure		 why;		/* of all endpoints so far */
	const char		*enhanced;	/* of the last endpoint, whose
						 * status .why has; or NULL */
	size_t			 tried;		/* the last one in relay->tried,
						 * from 1; 0: none */
	bool			 last;		/* route of the message */
	bool			 over;		/* try no other endpoint */
	bool			 reached;	/* a session was opened */
	bool			 refused;	/* each endpoint was unreachable
						 * or replied 421 to MAIL */
};

void
relay_begin(struct relay *r, const struct config *config,
    const struct identity *me, const struct session_trace *trace)
{
	memset(r, 0, offsetof(struct relay, down_why));
	r->config = config;
	r->me = me;
	r->trace = trace;
	r->seats.file = -1;
	r->deferrals = &r->own_deferrals;
	connection_begin(&r->connection);
}

void
relay_confine(struct relay *r, const struct sandbox *sandbox)
{
	struct sandbox	confined = *sandbox;

	tcp_ports_allow(&confined, r->config);
	command_process_start(&r->commands, r->config);
	r->commands.interrupt = r->interrupt;
	connect_process_start(&r->connector, r->config);
	delivery_process_start(&r->delivery, r->config);
	r->delivery.interrupt = r->interrupt;
	sandbox_enter(&confined);
}

bool
relay_is_broken(const struct relay *r)
{
	return r->commands.lost || r->connector.lost || r->delivery.lost;
}

void
relay_end(struct relay *r)
{
	connection_close(&r->connection);
	relay_forget_next(r);
	command_process_end(&r->commands);
	connect_process_end(&r->connector);
	delivery_process_stop(&r->delivery);
	endpoints_free(&r->endpoints);
	free(r->refused_sender);
}

/* A later attempt may succeed. */
static bool
is_temporary(const struct failure *why)
{
	return why->status == EX_TEMPFAIL || why->status == EX_PROTOCOL ||
	    why->status == EX_NOHOST || why->status == EX_IOERR ||
	    why->status == EX_OSERR;
}

static bool
is_same_view(const struct config_view *a, const struct config_view *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void
begin_attempt(struct route_attempt *a, const struct route *route,
    const struct message *message, struct outcome *outcomes)
{
	size_t	n = route->envelope.n;

	a->route = route;
	a->message = message;
	a->outcomes = outcomes;
	if (route->place != NULL) {
		a->outcomes = memory_new(n, sizeof(*a->outcomes));
		a->all_outcomes = outcomes;
	}
	a->pending = memory_new(n, sizeof(*a->pending));
	for (size_t i = 0; i < n; i++) {
		a->pending[i] = a->outcomes[i].kind == OUTCOME_WAITING;
		a->n_pending += a->pending[i];
	}
	a->refused = true;
}

static void
set_outcome(struct route_attempt *a, size_t i)
{
	a->outcomes[i].smarthost = (unsigned)a->tried;
	if (a->all_outcomes != NULL)
		outcome_set(&a->all_outcomes[a->route->place[i]],
		    &a->outcomes[i]);
	a->pending[i] = false;
	a->n_pending--;
}

/* Sets the outcome of each forward-path that does not have one yet. */
static void
end_attempt(struct route_attempt *a, bool not_attempted,
    const struct failure *why)
{
	struct outcome	rest = { .kind = is_temporary(why) ?
			    OUTCOME_DEFERRED : OUTCOME_FAILED,
			    .status = why->status,
			    .not_attempted = not_attempted };
	size_t		n = a->route->envelope.n;

	outcome_set_text(&rest, "%s", why->text);
	if (rest.kind == OUTCOME_FAILED && a->enhanced != NULL)
		strlcpy(rest.enhanced, a->enhanced, sizeof(rest.enhanced));
	for (size_t i = 0; i < n; i++)
		if (a->pending[i]) {
			outcome_set(&a->outcomes[i], &rest);
			set_outcome(a, i);
		}
	outcome_clear(&rest);
	if (a->all_outcomes != NULL)
		outcome_list_free(a->outcomes, n);
	free(a->pending);
}

static void
add_advice(struct relay *r, struct outcome *o)
{
	char	text[OUTCOME_TEXT_MAX];

	o->reply_end = strlcpy(text, outcome_text(o), sizeof(text));
	advice_add(&r->connection, &(struct advice_facts){
	    .step = o->step, .code = o->code,
	    .enhanced = o->enhanced, .status = o->status },
	    text, sizeof(text));
	outcome_set_text(o, "%s", text);
}

/*
 * session_send() calls this after each transaction.  Adds advice to the new
 * outcomes and calls .after_transaction of the caller.
 */
static bool
record_outcomes(void *context)
{
	struct route_attempt	*a = context;
	struct relay		*r = a->relay;
	size_t			 before = a->n_pending;
	bool			 is_server = smarthost_is_server(
				    r->connection.smarthost);
	const struct outcome	*advised = NULL;
	struct outcome		 plain = { 0 };	/* the same without advice */

	for (size_t i = 0; i < a->route->envelope.n; i++) {
		struct outcome	*o = &a->outcomes[i];

		if (!a->pending[i] || o->kind == OUTCOME_WAITING)
			continue;
		if (is_server)
			o->tls = r->connection.tls;
		if (is_server && o->kind != OUTCOME_DELIVERED) {
			/* The same reply has the same advice. */
			if (advised != NULL && o->text == plain.text) {
				o->reply_end = advised->reply_end;
				outcome_share_text(o, advised);
			} else {
				outcome_set(&plain, o);
				add_advice(r, o);
				advised = o;
			}
		}
		set_outcome(a, i);
	}
	outcome_clear(&plain);
	if (r->callbacks != NULL && a->n_pending < before)
		r->stopped = !r->callbacks->after_transaction(
		    r->callbacks->context, &r->stopped_why);
	return !r->stopped;
}

/*
 * Adds the failure of one endpoint.  If one of the failures is temporary, the
 * result is temporary.
 */
static void
add_failure(struct route_attempt *a, const struct failure *why)
{
	const struct session_trace	*trace = a->relay->trace;

	if (trace != NULL)
		trace->line(trace->context, '*', why->text);
	if (a->why.text[0] == '\0') {
		a->why = *why;
		return;
	}
	if (!is_temporary(&a->why))
		a->why.status = why->status;
	failure_suffix(&a->why, "; %s", why->text);
}

/* No other endpoint must be tried. */
static void
end_endpoints(struct route_attempt *a, const struct failure *why)
{
	a->why = *why;
	a->over = true;
}

/* Whether the session is broken, or expects a message that is not sent. */
static bool
is_unusable(const struct route_attempt *a)
{
	const struct session	*s = &a->relay->connection.session;

	return s->broken || session_is_ahead(s, &a->route->envelope);
}

/*
 * A callback or a signal prevents further transactions.  The session can be
 * used for the next message unless it is unusable.
 */
static void
stop_attempt(struct route_attempt *a)
{
	struct relay	*r = a->relay;

	if (r->connection.is_open && is_unusable(a))
		connection_close(&r->connection);
	r->stopped = true;
	/* No recipient has failed: all of them are deferred. */
	r->stopped_why.status = EX_TEMPFAIL;
	end_endpoints(a, &r->stopped_why);
}

static bool
is_interrupted(struct relay *r)
{
	if (!r->stopped && interrupt_is_known(r->interrupt)) {
		r->stopped = true;
		interrupt_failed(r->interrupt, &r->stopped_why);
	}
	return r->stopped;
}

struct relay_login
relay_find_login(const struct config *config,
    const struct config_subject *subject, const struct smarthost_url *host,
    struct buffer *url)
{
	struct credentials_choice	credentials;

	buffer_clear(url);
	smarthost_write(url, host);
	if (!smarthost_is_server(host))
		return (struct relay_login){ url->data, NULL };
	credentials_choose(&credentials, config, subject, host->user);
	return (struct relay_login){ url->data, credentials.user };
}

/* After an attempt to open a session, or before an open one is used. */
static void
note_tried(struct route_attempt *a, const struct relay_login *login,
    enum connection_trouble trouble)
{
	struct relay		*r = a->relay;
	const struct connection	*c = &r->connection;
	const struct stream	*stream = &c->session.stream;
	struct tried_smarthost	*tried;

	a->tried = tried_add(&r->tried, login->url, login->user);
	if (a->tried == 0)
		return;
	tried = &r->tried.smarthost[a->tried - 1];
	if (trouble == CONNECTION_TROUBLE_LOGIN)
		tried->login = TRIED_LOGIN_REFUSED;
	if (!c->is_open)
		return;
	if (c->options.auth != NULL)
		tried->login = TRIED_LOGIN_ACCEPTED;
	if (stream->tls != NULL)
		tried->certificate_expiry = stream->module->expiry(stream->tls);
}

/* The delivery at a smarthost that is not a server. */
static struct delivery
delivery_of(struct route_attempt *a)
{
	struct relay		*r = a->relay;
	struct connection	*c = &r->connection;

	return (struct delivery){ .process = &r->delivery,
	    .smarthost = c->smarthost, .origin = r->endpoints.origin,
	    .trace = r->trace,
	    .timeout_ms = config_ms(r->config, &c->subject, KEY_TIMEOUT),
	    .after_transaction = record_outcomes, .context = a };
}

static bool
open_delivery(struct route_attempt *a, enum connection_trouble *trouble,
    struct failure *why)
{
	struct delivery	d = delivery_of(a);

	if (delivery_open(&d, why))
		return true;
	*trouble = why->status == EX_CONFIG ? CONNECTION_TROUBLE_CONFIG :
	    CONNECTION_TROUBLE_CONNECT;
	return false;
}

/*
 * Opens a session, unless one is open, and tells the caller, who keeps a record
 * of each login.
 */
static bool
open_connection(struct route_attempt *a, struct failure *why)
{
	struct relay			*r = a->relay;
	const struct relay_callbacks	*cb = r->callbacks;
	struct connection		*c = &r->connection;
	struct buffer			 url = { 0 };
	struct relay_login		 login = relay_find_login(c->config,
					    &c->subject, c->smarthost,
					    &url);
	enum connection_trouble		 trouble = CONNECTION_TROUBLE_NONE;
	bool				 tell = !c->is_open && cb != NULL &&
					    cb->before_connect != NULL;
	bool				 good = !tell || cb->before_connect(
					    cb->login_context, &login, why);

	if (good) {
		good = c->is_open || (smarthost_is_server(c->smarthost) ?
		    connection_open(c, &trouble, why) :
		    open_delivery(a, &trouble, why));
		if (interrupt_is_known(r->interrupt))
			trouble = CONNECTION_TROUBLE_CONNECT;
		note_tried(a, &login, trouble);
		if (tell)
			cb->after_connect(cb->login_context, &login, trouble,
			    why);
	}
	buffer_free(&url);
	return good;
}

/*
 * Whether the open session can keep the promise of REQUIRETLS.  If not, the
 * next endpoint is tried (RFC 8689 section 4.2.1).
 */
static bool
keeps_promise(struct route_attempt *a, struct failure *why)
{
	struct connection	*c = &a->relay->connection;

	if (a->route->envelope.requiretls != REQUIRETLS_YES ||
	    session_can_require_tls(&c->session, why))
		return true;
	a->enhanced = session_cause_enhanced(why->cause);
	failure_prefix(why, "%s", c->prefix);
	failure_suffix(why, ", so the message was not sent");
	advice_add(c, &(struct advice_facts){ .step = STEP_MAIL,
	    .enhanced = a->enhanced, .status = why->status,
	    .cause = why->cause }, why->text, sizeof(why->text));
	return false;
}

/* If the key asks for the promise, it can be changed. */
static void
add_promise(const struct route_attempt *a, struct failure *why)
{
	const struct relay	*r = a->relay;
	const struct setting	*set = config_find(r->config,
				    &r->connection.subject, KEY_REQUIRETLS);

	if (set != NULL && strcmp(set->value, "yes") == 0)
		failure_suffix(why, "; mail is sent without this guarantee if "
		    "requiretls = no (%s)", set->origin);
}

/* False if this endpoint has failed, or the attempt must stop. */
static bool
reach_endpoint(struct route_attempt *a, struct failure *why)
{
	if (open_connection(a, why))
		return true;
	if (is_interrupted(a->relay))
		end_endpoints(a, why);
	else
		add_failure(a, why);
	return false;
}

/* False if the caller does not permit it, which stops the attempt. */
static bool
may_send(struct route_attempt *a)
{
	struct relay	*r = a->relay;

	a->reached = true;
	if (r->callbacks == NULL || r->callbacks->before_send(
	    r->callbacks->context, &r->stopped_why))
		return true;
	stop_attempt(a);
	return false;
}

/*
 * Tries a smarthost that is not a server.  The next endpoint is tried if it is
 * certain that nothing was delivered.  A program reports this with exit status
 * 75 or 71; the cause may be this message alone.
 */
static void
try_delivery(struct relay *r, struct route_attempt *a)
{
	struct delivery	d = delivery_of(a);
	struct failure	why;

	if (is_interrupted(r)) {
		stop_attempt(a);
		return;
	}
	if (a->route->envelope.requiretls == REQUIRETLS_YES) {
		a->enhanced = session_cause_enhanced(SESSION_CAUSE_CLEAR_TEXT);
		a->reached = true;
		a->refused = false;
		delivery_refuse(&d, &why);
		add_promise(a, &why);
		add_failure(a, &why);
		return;
	}
	if (!reach_endpoint(a, &why) || !may_send(a))
		return;
	switch (delivery_send(&d, &a->route->envelope, a->message, a->outcomes,
	    &why)) {
	case DELIVERY_END:
		if (r->stopped)
			stop_attempt(a);
		a->over = true;
		break;
	case DELIVERY_END_NEXT:
		if (r->stopped || is_interrupted(r))
			stop_attempt(a);
		else
			add_failure(a, &why);
		break;
	case DELIVERY_END_STOP:
		end_endpoints(a, &why);
		break;
	}
}

void
relay_forget_next(struct relay *r)
{
	if (r->connection.is_open &&
	    session_is_ahead(&r->connection.session, NULL))
		connection_close(&r->connection);
	route_list_free(&r->next_routes);
	r->next = NULL;
}

/* The first route of the next message must have the same settings as this. */
static bool
find_next(void *context, struct session_next *to)
{
	struct route_attempt		*a = context;
	struct relay			*r = a->relay;
	const struct relay_callbacks	*cb = r->callbacks;
	struct relay_next		 next;
	const struct route		*route;

	if (!a->last || r->no_next || interrupt_is_known(r->interrupt) ||
	    !cb->next(cb->context, &next))
		return false;
	route_list_make(&r->next_routes, r->config, next.user, next.envelope,
	    next.outcomes);
	route = r->next_routes.route;
	if (r->next_routes.n == 0 || !is_same_view(&route->view, &r->view)) {
		route_list_free(&r->next_routes);
		return true;
	}
	r->next = next.envelope;
	*to = (struct session_next){ &route->envelope, next.message,
	    route->place == NULL ? next.outcomes : NULL };
	return true;
}

static void
next_sent(void *context)
{
	const struct route_attempt	*a = context;
	const struct relay_callbacks	*cb = a->relay->callbacks;

	if (cb->next_sent != NULL)
		cb->next_sent(cb->context);
}

static void
next_late(void *context)
{
	const struct route_attempt	*a = context;
	const struct relay_callbacks	*cb = a->relay->callbacks;

	if (cb->next_late != NULL)
		cb->next_late(cb->context);
}

static void
set_session_callbacks(struct route_attempt *a)
{
	const struct relay_callbacks	*cb = a->relay->callbacks;
	struct session_options		*o = &a->relay->connection.options;

	o->after_transaction = record_outcomes;
	o->next = cb != NULL && cb->next != NULL ? find_next : NULL;
	o->next_sent = next_sent;
	o->next_late = next_late;
	o->context = a;
}

static void
trace_kept(const struct relay *r)
{
	const char	*prefix = r->connection.prefix;
	char		 remark[sizeof(r->connection.prefix) + 40];

	if (r->trace == NULL)
		return;
	snprintf(remark, sizeof(remark), "using the open session with %.*s",
	    (int)strlen(prefix) - 2, prefix);
	r->trace->line(r->trace->context, '*', remark);
}

/*
 * Keeps what a session has shown about its server.  Returns true if another
 * session may therefore succeed.
 */
static bool
learn(struct relay *r)
{
	struct connection	*c = &r->connection;
	const struct session	*s = &c->session;
	bool			 learned = (s->no_chunking &&
				    !c->no_chunking) || (s->rcpt_limited &&
				    c->rcpt_max == 0);

	c->no_chunking |= s->no_chunking;
	if (s->rcpt_limited)
		c->rcpt_max = s->rcpt_max;
	r->no_next |= s->ahead_failed;
	return learned;
}

/*
 * Tries one endpoint, in as many sessions as the message requires, beginning
 * with an open one.  Sets a->over if each forward-path has an outcome, or if
 * no other endpoint must be tried since the message may have been sent.
 *
 * The next endpoint is tried if this one cannot be reached, refuses the session
 * in its greeting, fails in the TLS handshake, rejects the credentials, or
 * closes the connection before any of the message was sent.  A reply to MAIL,
 * RCPT or the message is an outcome.
 */
static void
relay_try(struct relay *r, struct route_attempt *a)
{
	struct connection	*c = &r->connection;
	struct session		*s = &c->session;
	bool			 kept = c->is_open, again;
	struct failure		 why;

	a->enhanced = NULL;
	if (kept) {
		trace_kept(r);
	} else {
		c->smarthost = r->endpoints.smarthost;
		c->at = r->endpoints.at;
		c->no_chunking = false;
		c->rcpt_max = 0;
	}
	if (!smarthost_is_server(c->smarthost)) {
		try_delivery(r, a);
		return;
	}
	do {
		size_t	before = a->n_pending;
		bool	opened, good, data_sent, learned;

		if (is_interrupted(r)) {
			stop_attempt(a);
			return;
		}
		if (c->is_open && session_is_full(s))
			connection_close(c);
		opened = !c->is_open;
		if (!reach_endpoint(a, &why))
			return;
		if (!keeps_promise(a, &why)) {
			connection_close(c);
			if (kept)
				return;
			a->reached = true;
			a->refused = false;
			add_failure(a, &why);
			return;
		}
		if (!may_send(a))
			return;
		set_session_callbacks(a);
		good = session_send(s, &a->route->envelope, a->message,
		    a->outcomes, &data_sent, &why);
		learned = learn(r);
		if (r->stopped) {
			stop_attempt(a);
			return;
		}
		if (!good && s->broken)
			dial_explain(c, &why);
		if (a->n_pending == 0) {
			c->last_used_ms = clock_ms();
			a->over = true;
		} else if (!good && (data_sent || !s->broken ||
		    is_interrupted(r))) {
			end_endpoints(a, &why);
		}
		if (!good || a->n_pending > 0 || s->broken)
			connection_close(c);
		/*
		 * Another session is necessary if the server limits the
		 * transactions of a session.  It may succeed if this session
		 * was not new, if it has added outcomes, or if it has shown
		 * that the server does not support BDAT, or how many recipients
		 * the server accepts.
		 */
		again = good || !opened || a->n_pending < before ||
		    learned;
	} while (!a->over && again && !kept);
	if (a->over)
		return;
	if (kept) {
		/* The session may have expired: continue with all endpoints. */
		a->reached = false;
		a->refused = true;
	} else {
		a->refused &= s->step == STEP_MAIL && s->reply.code == 421;
	}
	if (!again)
		add_failure(a, &why);
}

/* Whether .down and .refusals apply to the settings of this route. */
static bool
has_failed_before(const struct relay *r, const struct route *route)
{
	return (r->down || r->refusals > 0) &&
	    is_same_view(&r->down_view, &route->view);
}

static bool
is_refused_sender(const struct relay *r, const struct route *route)
{
	return has_failed_before(r, route) && r->refusals > 0 &&
	    strcmp(r->refused_sender, route->envelope.reverse_path) == 0;
}

bool
relay_has_given_up(const struct relay *r, const struct route *route)
{
	return has_failed_before(r, route) && (r->down || (r->refusals > 1 &&
	    is_refused_sender(r, route)));
}

/* Remembers whether the next messages are attempted. */
static void
remember_failure(struct relay *r, const struct route_attempt *a)
{
	const struct route	*route = a->route;
	bool			 before = has_failed_before(r, route);

	if (a->over || !a->refused) {
		if (before)
			r->refusals = 0;
		return;
	}
	if (!a->reached) {
		r->down = true;
	} else {
		r->down = before && !is_refused_sender(r, route);
		r->refusals = before ? r->refusals + 1 : 1;
		free(r->refused_sender);
		r->refused_sender = memory_copy(route->envelope.reverse_path);
	}
	r->down_view = route->view;
	r->down_why = a->why;
}

/*
 * After this many messages in a row that are refused temporarily in the reply
 * to MAIL, the server is probably overloaded, or limits the account.
 */
enum { MAIL_DEFERRED_MAX = 3 };

/* Returns NULL if there are too many smarthosts: their replies do not count. */
static atomic_uint *
find_deferrals(const struct relay *r, const struct route *route)
{
	struct relay_deferrals	*d = r->deferrals;
	unsigned		 view = hash_name(hash_add(HASH_START,
				    &route->view, sizeof(route->view)));

	for (size_t i = 0; i < RELAY_DEFERRALS_MAX; i++) {
		unsigned	found = 0;

		if (atomic_compare_exchange_strong(&d->slot[i].view, &found,
		    view) || found == view)
			return &d->slot[i].n;
	}
	return NULL;
}

/* Another process may have had the last of the temporary replies to MAIL. */
static void
follow_other_processes(struct relay *r, const struct route *route)
{
	atomic_uint	*n = find_deferrals(r, route);

	if (n == NULL || atomic_load(n) < MAIL_DEFERRED_MAX ||
	    relay_has_given_up(r, route))
		return;
	r->down = true;
	r->down_view = route->view;
	failed(&r->down_why, EX_TEMPFAIL, "not tried: the smarthost deferred "
	    "%d other messages in a row when it replied to MAIL",
	    MAIL_DEFERRED_MAX);
}

/*
 * X.1.7 and X.1.8 (RFC 3463) are about the address or the domain of one sender,
 * such as a domain that is not in the DNS.
 */
static bool
is_about_sender(const struct outcome *o)
{
	return strcmp(o->enhanced, "4.1.7") == 0 ||
	    strcmp(o->enhanced, "4.1.8") == 0;
}

/*
 * Counts messages in a row that are refused temporarily in the reply to MAIL.
 * Call it before end_attempt().
 */
static void
count_mail_deferred(struct relay *r, const struct route_attempt *a)
{
	const struct route	*route = a->route;
	const struct outcome	*last = NULL;
	atomic_uint		*count = find_deferrals(r, route);

	if (!a->over || count == NULL)
		return;
	for (size_t i = 0; i < route->envelope.n; i++) {
		const struct outcome	*o = &a->outcomes[i];

		if (o->kind == OUTCOME_DEFERRED && o->step == STEP_MAIL &&
		    o->code / 100 == 4)
			last = o;
		else if (o->kind == OUTCOME_DELIVERED ||
		    o->step != STEP_MAIL) {
			atomic_store(count, 0);
			return;
		}
	}
	if (last == NULL || is_about_sender(last) ||
	    atomic_fetch_add(count, 1) + 1 < MAIL_DEFERRED_MAX)
		return;
	r->down = true;
	r->down_view = route->view;
	failed(&r->down_why, EX_TEMPFAIL, "%s", outcome_text(last));
}

/*
 * Begins with the first endpoint of the route.  If a session is open that has
 * the settings of this route and is alive, the session is kept: its endpoint
 * comes before the first one.
 */
static bool
begin_endpoints(struct relay *r, const struct route *route, struct failure *why)
{
	struct connection	*c = &r->connection;
	bool			 ahead = c->is_open && session_is_ahead(
				    &c->session, &route->envelope);

	/*
	 * If the envelope was sent ahead, input is not a sign of a dead
	 * connection: the replies may have arrived.
	 */
	if (c->is_open && !ahead && (session_is_ahead(&c->session, NULL) ||
	    !is_same_view(&r->view, &route->view) || !connection_is_alive(c)))
		connection_close(c);
	c->config = r->config;
	c->me = r->me;
	c->trace = r->trace;
	c->interrupt = r->interrupt;
	c->commands = &r->commands;
	c->connector = &r->connector;
	c->subject = route->subject;
	r->view = route->view;
	if (!c->is_open)
		return endpoints_begin(&r->endpoints, r->config, &c->subject,
		    why);
	endpoints_begin_with_last(&r->endpoints);
	return true;
}

/* Gives each forward-path of a route an outcome. */
static void
send_route(struct relay *r, struct route_attempt *a)
{
	const struct route	*route = a->route;
	enum endpoints_result	 next;
	struct failure		 why;
	bool			 good;
	/* The envelope was sent to the server already. */
	bool			 asked = r->connection.is_open &&
				    session_is_ahead(&r->connection.session,
				    &route->envelope);

	if (r->remember_failures && !asked)
		follow_other_processes(r, route);
	if (!asked && relay_has_given_up(r, route)) {
		end_attempt(a, true, &r->down_why);
		return;
	}
	if (r->stopped) {
		end_attempt(a, true, &r->stopped_why);
		return;
	}
	good = begin_endpoints(r, route, &a->why);
	if (good && !seats_take(&r->seats, r->config, &route->subject,
	    r->interrupt, &a->why)) {
		r->no_seat = true;
		end_attempt(a, true, &a->why);
		return;
	}
	while (good && !a->over && (next = endpoints_next(&r->endpoints,
	    &why)) != ENDPOINTS_END) {
		if (next == ENDPOINTS_FOUND)
			relay_try(r, a);
		else
			add_failure(a, &why);
	}
	if (r->remember_failures) {
		remember_failure(r, a);
		count_mail_deferred(r, a);
	}
	end_attempt(a, !a->over && !a->reached, &a->why);
}

void
relay_send(struct relay *r, const struct envelope *env,
    const struct message *message, struct outcome *outcomes)
{
	struct route_list	routes;

	memory_reserve();
	r->stopped = r->no_seat = false;
	r->tried.n = 0;
	if (r->next == env) {
		routes = r->next_routes;
		r->next_routes = (struct route_list){ 0 };
	} else {
		relay_forget_next(r);
		route_list_make(&routes, r->config, r->me->user, env,
		    outcomes);
	}
	r->next = NULL;
	for (size_t i = 0; i < routes.n; i++) {
		struct route_attempt	a = { .relay = r,
					    .last = i + 1 == routes.n };

		begin_attempt(&a, &routes.route[i], message, outcomes);
		send_route(r, &a);
	}
	if (!r->connection.is_open)
		seats_leave(&r->seats);
	route_list_free(&routes);
}

void
relay_rest(struct relay *r)
{
	relay_forget_next(r);
	connection_close(&r->connection);
	seats_leave(&r->seats);
}
