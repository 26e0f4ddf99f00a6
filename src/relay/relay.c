#include "relay/relay.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/connect.h"
#include "net/tls.h"
#include "relay/explain.h"
#include "relay/route.h"
#include "relay/security.h"
#include "util/memory.h"

/* What is got ready while the connection is being made. */
struct preparation {
	struct relay	*relay;
	struct failure	 why;
	bool		 ready;
};

void
relay_begin(struct relay *r, const struct config *config,
    const struct identity *me, const struct trace *trace)
{
	*r = (struct relay){ .config = config, .me = me, .trace = trace };
}

static void
disconnect(struct relay *r)
{
	if (r->connected)
		session_close(&r->session);
	r->connected = false;
	credentials_free(&r->credentials);
}

void
relay_end(struct relay *r)
{
	disconnect(r);
	smarthost_list_free(&r->hosts);
}

static const char *
text_of(const struct relay *r, enum config_key key)
{
	return config_text(r->config, &r->subject, key);
}

/* "mail.example.org:587" or the path of the socket. */
static const char *
host_text(const struct relay *r, char *text, size_t size)
{
	const struct smarthost	*h = r->host;

	if (h->host == NULL)
		strlcpy(text, h->path, size);
	else if (strchr(h->host, ':') != NULL)
		snprintf(text, size, "[%s]:%u", h->host, h->port);
	else
		snprintf(text, size, "%s:%u", h->host, h->port);
	return text;
}

static int
family_of(const struct relay *r)
{
	const char	*family = text_of(r, KEY_FAMILY);

	if (family == NULL || strcmp(family, "any") == 0)
		return AF_UNSPEC;
	return strchr(family, '6') != NULL ? AF_INET6 : AF_INET;
}

/* Loading TLS costs a millisecond that the connection needs anyway. */
static void
prepare(void *context)
{
	struct preparation	*p = context;

	p->ready = security_start(p->relay, &p->why);
}

static bool
connect_host(struct relay *r, struct failure *why)
{
	struct preparation	p = { .relay = r };
	struct endpoint		where = { .host = r->host->host,
				    .path = r->host->path,
				    .port = r->host->port };
	struct connect_options	how = {
		.family = family_of(r),
		.source = text_of(r, KEY_SOURCE_ADDRESS),
		.timeout_ms = config_ms(r->config, &r->subject,
		    KEY_CONNECT_TIMEOUT),
		.meanwhile = prepare,
		.context = &p,
	};
	int			fd = connect_to(&where, &how, why);
	bool			good;

	if (fd == -1) {
		explain_connect(r, why->text, sizeof(why->text));
		if (r->options.tls != NULL)
			r->options.tls_module->close(r->options.tls);
		return false;
	}
	if (!p.ready) {
		close(fd);
		*why = p.why;
		return false;
	}
	r->connected = true;
	good = session_open(&r->session, fd, &r->options, why);
	r->auth.password = r->auth.token = NULL;
	credentials_wipe(&r->credentials);
	if (good)
		return true;
	explain(r, r->session.step, r->session.reply.code, why->status,
	    why->text, sizeof(why->text));
	return false;
}

static bool
open_host(struct relay *r, struct failure *why)
{
	r->options = (struct session_options){
		.lmtp = r->host->scheme == SCHEME_LMTP,
		.helo = r->me->helo,
		.timeout_ms = config_ms(r->config, &r->subject, KEY_TIMEOUT),
		.early_bdat = config_bool(r->config, &r->subject,
		    KEY_EARLY_BDAT),
		.trace = r->trace,
	};
	return security_choose(r, why) && connect_host(r, why);
}

/* Where and why, around what the session wrote into a fresh outcome. */
static void
dress(const struct relay *r, struct outcome *o)
{
	char	text[sizeof(o->text)];
	char	host[300];

	snprintf(text, sizeof(text), "%s: %.*s", host_text(r, host,
	    sizeof(host)), (int)sizeof(text) / 2, o->text);
	if (o->kind == OUTCOME_FAILED)
		explain(r, (enum session_step)o->step, o->code, o->status,
		    text, sizeof(text));
	memcpy(o->text, text, sizeof(text));
}

static bool
try_host(struct relay *r, const struct envelope *env,
    const struct message *message, struct outcome *outcomes, bool *data_sent,
    struct failure *why)
{
	bool	*waiting = memory_new(env->n, sizeof(*waiting));
	char	 host[300];
	bool	 good;

	for (size_t i = 0; i < env->n; i++)
		waiting[i] = outcomes[i].kind == OUTCOME_WAITING;
	good = r->connected || open_host(r, why);
	if (good)
		good = session_send(&r->session, env, message, outcomes,
		    data_sent, why);
	for (size_t i = 0; i < env->n; i++)
		if (waiting[i] && outcomes[i].kind != OUTCOME_WAITING)
			dress(r, &outcomes[i]);
	if (!good) {
		failure_prefix(why, "%s: ", host_text(r, host, sizeof(host)));
		disconnect(r);
	}
	return good;
}

/* The attempt failed as a whole: the same for everybody not judged before. */
static void
settle(const struct envelope *env, struct outcome *outcomes,
    const struct failure *why)
{
	bool	later = why->status == EX_TEMPFAIL ||
		    why->status == EX_PROTOCOL || why->status == EX_NOHOST ||
		    why->status == EX_IOERR || why->status == EX_OSERR;

	for (size_t i = 0; i < env->n; i++) {
		struct outcome	*o = &outcomes[i];

		if (o->kind != OUTCOME_WAITING)
			continue;
		*o = (struct outcome){ .status = why->status };
		o->kind = later ? OUTCOME_DEFERRED : OUTCOME_FAILED;
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
		    "/etc/relais.conf");
	smarthost_list_free(&r->hosts);
	return smarthost_list_parse(&r->hosts, set->value, why) ||
	    failure_prefix(why, "%s: ", set->origin);
}

/* A session that other settings opened is of no use for this route. */
static bool
join_route(struct relay *r, const struct route *route, struct failure *why)
{
	if (r->connected && memcmp(&r->view, &route->view,
	    sizeof(r->view)) != 0)
		disconnect(r);
	r->subject = route->subject;
	r->view = route->view;
	return r->connected || find_hosts(r, why);
}

static void
send_together(struct relay *r, const struct route *route,
    const struct message *message, struct outcome *outcomes)
{
	const struct envelope	*env = &route->envelope;
	struct failure		 why;
	bool			 data_sent = false;
	bool			 done = false;

	if (!join_route(r, route, &why)) {
		settle(env, outcomes, &why);
		return;
	}
	for (size_t i = 0; !done && !data_sent && i < r->hosts.n; i++) {
		if (!r->connected)
			r->host = &r->hosts.host[i];
		done = try_host(r, env, message, outcomes, &data_sent, &why);
	}
	if (!done)
		settle(env, outcomes, &why);
}

static void
send_route(struct relay *r, const struct route *route,
    const struct message *message, struct outcome *outcomes)
{
	size_t		 n = route->envelope.n;
	struct outcome	*own;

	if (route->place == NULL) {
		send_together(r, route, message, outcomes);
		return;
	}
	own = memory_new(n, sizeof(*own));
	send_together(r, route, message, own);
	for (size_t i = 0; i < n; i++)
		outcomes[route->place[i]] = own[i];
	free(own);
}

void
relay_send(struct relay *r, const struct envelope *env,
    const struct message *message, struct outcome *outcomes)
{
	struct routes	routes;

	routes_find(&routes, r->config, r->me->user, env, outcomes);
	for (size_t i = 0; i < routes.n; i++)
		send_route(r, &routes.route[i], message, outcomes);
	routes_free(&routes);
}
