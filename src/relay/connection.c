#include "relay/connection.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/tls.h"
#include "relay/advice.h"
#include "relay/tls_policy.h"
#include "util/clock.h"
#include "util/memory.h"

enum { NOOP_MS = 1500 };

/* What is got ready while the connection is being made. */
struct preparation {
	struct relay	*relay;
	struct failure	 why;
	bool		 ready;
};

void
host_leave(struct relay *r)
{
	if (r->connected)
		session_close(&r->session);
	r->connected = false;
	free(r->helo);
	r->helo = NULL;
	credentials_free(&r->credentials);
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
	const struct endpoint	*at = &r->at;

	if (at->host == NULL)
		strlcpy(text, at->path, size);
	else if (strchr(at->host, ':') != NULL)
		snprintf(text, size, "[%s]:%u", at->host, at->port);
	else
		snprintf(text, size, "%s:%u", at->host, at->port);
	return text;
}

/* No further smarthost shall be asked. */
static bool
is_interrupted(struct relay *r)
{
	if (!r->stopped && interrupt_is_known(r->interrupt)) {
		r->stopped = true;
		interrupt_failed(r->interrupt, &r->stopped_why);
	}
	return r->stopped;
}

static int
family_of(const struct relay *r)
{
	const char	*family = text_of(r, KEY_FAMILY);

	if (family == NULL || strcmp(family, "any") == 0)
		return AF_UNSPEC;
	return strchr(family, '6') != NULL ? AF_INET6 : AF_INET;
}

/* Which of several it is, for whoever reads along. */
static void
tell_connected(const struct relay *r)
{
	char	host[300], text[sizeof(host) + 20];

	if (r->trace == NULL)
		return;
	snprintf(text, sizeof(text), "connected to %s", host_text(r, host,
	    sizeof(host)));
	r->trace->line(r->trace->context, '*', text);
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
	struct connect_options	how = {
		.family = family_of(r),
		.source = text_of(r, KEY_SOURCE_ADDRESS),
		.timeout_ms = config_ms(r->config, &r->subject,
		    KEY_CONNECT_TIMEOUT),
		.interrupt = r->interrupt,
		.meanwhile = prepare,
		.context = &p,
	};
	int			fd = connect_to(&r->at, &how, why);
	bool			good;

	if (fd == -1) {
		if (!is_interrupted(r))
			explain_connect(r, why->text, sizeof(why->text));
		if (r->options.tls != NULL)
			r->options.tls_module->close(r->options.tls);
		return false;
	}
	if (!p.ready || !security_settle(r, fd, &p.why)) {
		close(fd);
		*why = p.why;
		return false;
	}
	r->connected = true;
	tell_connected(r);
	good = session_open(&r->session, fd, &r->options, why);
	r->auth.password = r->auth.token = NULL;
	credentials_wipe(&r->credentials);
	if (good || is_interrupted(r))
		return good;
	explain(r, &(struct refusal){ .step = r->session.step,
	    .code = r->session.reply.code,
	    .enhanced = r->session.reply.enhanced, .status = why->status },
	    why->text, sizeof(why->text));
	return false;
}

/*
 * A server that waits for TLS is silent.  Where that is to be expected, five
 * minutes would pass before anybody is told.
 */
static int64_t
greeting_ms(const struct relay *r)
{
	bool	odd = r->at.port == 465 &&
		    r->host->scheme != SCHEME_SUBMISSIONS &&
		    config_find(r->config, &r->subject, KEY_TIMEOUT) == NULL;

	return odd ? 15 * 1000 : 0;
}

/* If the reply takes longer, a new connection is worth what it costs. */
static int64_t
noop_ms(const struct relay *r)
{
	int64_t	connect_ms = config_ms(r->config, &r->subject,
		    KEY_CONNECT_TIMEOUT);

	return connect_ms < NOOP_MS ? connect_ms : NOOP_MS;
}

static bool
open_host(struct relay *r, struct failure *why)
{
	free(r->helo);
	r->helo = identity_helo(r->me, r->config, &r->subject);
	r->options = (struct session_options){
		.lmtp = r->host->scheme == SCHEME_LMTP,
		.helo = r->helo,
		.timeout_ms = config_ms(r->config, &r->subject, KEY_TIMEOUT),
		.greeting_ms = greeting_ms(r),
		.noop_ms = noop_ms(r),
		.early_bdat = config_bool(r->config, &r->subject,
		    KEY_EARLY_BDAT),
		.no_chunking = r->no_chunking,
		.trace = r->trace,
		.interrupt = r->interrupt,
	};
	return security_choose(r, why) && connect_host(r, why);
}

/* Where and why, around what the session wrote into a fresh outcome. */
static void
dress(const struct relay *r, struct outcome *o)
{
	enum { WHY = 256 };	/* octets for what explain() adds */
	char	text[sizeof(o->text)];
	char	host[300];

	snprintf(text, sizeof(text), "%s: %.*s", host_text(r, host,
	    sizeof(host)), (int)sizeof(text) - WHY, o->text);
	if (o->kind != OUTCOME_DELIVERED)
		explain(r, &(struct refusal){ .code = o->code,
		    .step = o->step,
		    .enhanced = o->enhanced, .status = o->status },
		    text, sizeof(text));
	memcpy(o->text, text, sizeof(text));
}

static size_t
count_waiting(const struct handing *h)
{
	size_t	waiting = 0;

	for (size_t i = 0; i < h->env->n; i++)
		waiting += h->outcomes[i].kind == OUTCOME_WAITING;
	return waiting;
}

/* What one session does with a message. */
struct sending {
	struct relay		*relay;
	const struct handing	*handing;
	bool			*waiting;	/* owned; not dressed yet */
};

/* Dresses what is new and shows it to the watch. */
static bool
show(void *context, struct failure *why)
{
	struct sending		*s = context;
	const struct handing	*h = s->handing;
	struct relay		*r = s->relay;
	bool			 news = false;

	for (size_t i = 0; i < h->env->n; i++) {
		if (!s->waiting[i] || h->outcomes[i].kind == OUTCOME_WAITING)
			continue;
		dress(r, &h->outcomes[i]);
		s->waiting[i] = false;
		if (h->place != NULL)
			h->all[h->place[i]] = h->outcomes[i];
		news = true;
	}
	if (!news || r->watch == NULL || r->watch->judged(r->watch->context,
	    &r->stopped_why))
		return true;
	r->stopped = true;
	*why = r->stopped_why;
	return false;
}

/* One session's part; true if it has done what it could. */
static bool
send_shown(struct relay *r, const struct handing *h, bool *data_sent,
    struct failure *why)
{
	struct sending	s = { .relay = r, .handing = h,
			    .waiting = memory_new(h->env->n, sizeof(bool)) };
	struct failure	ignored;
	bool		good;

	for (size_t i = 0; i < h->env->n; i++)
		s.waiting[i] = h->outcomes[i].kind == OUTCOME_WAITING;
	r->options.between = show;
	r->options.context = &s;
	good = session_send(&r->session, h->env, h->message, h->outcomes,
	    data_sent, why);
	if (!r->stopped)
		show(&s, &ignored);
	free(s.waiting);
	return good;
}

static enum host_result
unusable(struct relay *r, enum host_result result, struct failure *why)
{
	char	host[300];

	failure_prefix(why, "%s: ", host_text(r, host, sizeof(host)));
	host_leave(r);
	return is_interrupted(r) ? HOST_GAVE_UP : result;
}

/* The session is good for the next message, unless it broke as well. */
static enum host_result
stopped(struct relay *r, struct failure *why)
{
	if (r->connected && r->session.broken)
		host_leave(r);
	r->stopped = true;
	/* Whatever it is, no recipient has failed for it. */
	r->stopped_why.status = EX_TEMPFAIL;
	*why = r->stopped_why;
	return HOST_GAVE_UP;
}

enum host_result
host_send(struct relay *r, const struct handing *h, struct failure *why)
{
	size_t	before = count_waiting(h), after;
	bool	kept, good, lied, data_sent;

	if (is_interrupted(r))
		return stopped(r, why);
	if (r->connected && session_is_full(&r->session))
		host_leave(r);
	kept = r->connected;
	r->reached = kept || open_host(r, why);
	if (!r->reached)
		return unusable(r, HOST_UNUSABLE, why);
	if (r->watch != NULL && !r->watch->ready(r->watch->context,
	    &r->stopped_why))
		return stopped(r, why);
	good = send_shown(r, h, &data_sent, why);
	after = count_waiting(h);
	lied = r->session.no_chunking && !r->no_chunking;
	r->no_chunking |= r->session.no_chunking;
	if (r->stopped)
		return stopped(r, why);
	if (!good && after > 0) {
		if (data_sent || !r->session.broken)
			return unusable(r, HOST_GAVE_UP, why);
		return unusable(r, kept || after < before || lied ?
		    HOST_AGAIN : HOST_UNUSABLE, why);
	}
	r->used = clock_ms();
	/* Broken or full, but what it said holds. */
	if (!good || after > 0)
		host_leave(r);
	return after > 0 ? HOST_AGAIN : HOST_DONE;
}
