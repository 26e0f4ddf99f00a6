#include "relay/connection.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "net/tls.h"
#include "relay/advice.h"
#include "relay/dial.h"
#include "relay/tls_policy.h"
#include "smtp/reply.h"
#include "util/clock.h"

enum {
	/* A session that was used so recently is not probed with NOOP. */
	IDLE_MS = 3000,

	/* If the reply to NOOP takes longer, a new connection is cheaper. */
	NOOP_MS = 1500,

	/* For the greeting of a server that may require implicit TLS. */
	GREETING_MS = 15 * 1000,
};

/* For start_tls(), which is called while the connection is being made. */
struct tls_start {
	struct connection	*connection;
	struct failure		 why;
	bool			 good;
};

void
connection_begin(struct connection *c)
{
	memset(c, 0, offsetof(struct connection, session));
	c->session.stream.fd = -1;
	c->control = -1;
}

const char *
connection_text(const struct connection *c, enum config_key key)
{
	return config_text(c->config, &c->subject, key);
}

static int64_t
ms_of(const struct connection *c, enum config_key key)
{
	return config_ms(c->config, &c->subject, key);
}

/* Sets the prefix and the options of the session. */
static void
set_options(struct connection *c)
{
	const struct endpoint	*at = &c->at;
	int64_t			 noop_ms = ms_of(c, KEY_CONNECT_TIMEOUT);
	bool			 may_require_tls = at->port == 465 &&
				    c->smarthost->scheme !=
				    SCHEME_SUBMISSIONS &&
				    config_find(c->config, &c->subject,
				    KEY_TIMEOUT) == NULL;

	if (at->host == NULL)
		snprintf(c->prefix, sizeof(c->prefix), "%s: ", at->path);
	else
		snprintf(c->prefix, sizeof(c->prefix),
		    strchr(at->host, ':') != NULL ? "[%s]:%u: " : "%s:%u: ",
		    at->host, at->port);
	free(c->helo);
	c->helo = identity_helo(c->me, c->config, &c->subject);
	c->options = (struct session_options){
		.prefix = c->prefix,
		.lmtp = c->smarthost->scheme == SCHEME_LMTP,
		.helo = c->helo,
		.timeout_ms = ms_of(c, KEY_TIMEOUT),
		.greeting_ms = may_require_tls ? GREETING_MS : 0,
		.noop_ms = noop_ms < NOOP_MS ? noop_ms : NOOP_MS,
		.early_bdat = config_bool(c->config, &c->subject,
		    KEY_EARLY_BDAT),
		.no_chunking = c->no_chunking,
		.rcpt_max = c->rcpt_max,
		.trace = c->trace,
		.interrupt = c->interrupt,
	};
}

/*
 * Called while the connection is being made: loading TLS takes about a
 * millisecond.
 */
static void
start_tls(void *context)
{
	struct tls_start	*t = context;

	t->good = tls_policy_start(t->connection, &t->why);
}

/* Adds advice for a failure before the session. */
static void
add_advice(const struct connection *c, struct failure *why)
{
	advice_add(c, &(struct advice_facts){ .step = STEP_TLS,
	    .enhanced = "", .status = why->status, .cause = why->cause },
	    why->text, sizeof(why->text));
}

void
connection_connect_options(const struct connection *c,
    struct connect_options *how)
{
	const char	*family = connection_text(c, KEY_FAMILY);

	*how = (struct connect_options){
		.family = family == NULL || strcmp(family, "any") == 0 ?
		    AF_UNSPEC : strchr(family, '6') != NULL ? AF_INET6 :
		    AF_INET,
		.source = connection_text(c, KEY_SOURCE_ADDRESS),
		.timeout_ms = ms_of(c, KEY_CONNECT_TIMEOUT),
		.resolve_ms = ms_of(c, KEY_TIMEOUT),
		.interrupt = c->interrupt,
	};
}

/*
 * Returns a connected socket, after preparing TLS if the policy requires it,
 * or -1 with why.
 */
static int
connect_socket(struct connection *c, struct failure *why)
{
	struct tls_start	tls = { .connection = c };
	struct connect_options	how;
	int			fd;

	connection_connect_options(c, &how);
	how.meanwhile = start_tls;
	how.context = &tls;
	fd = dial(c, &how, why);
	if (fd == -1) {
		if (!interrupt_is_known(c->interrupt))
			add_advice(c, why);
		if (c->options.tls != NULL)
			c->options.tls_module->close(c->options.tls);
		return -1;
	}
	if (tls.good && tls_policy_enforce(c, fd, &tls.why))
		return fd;
	*why = tls.why;
	add_advice(c, why);
	close(fd);
	return -1;
}

/* Before the session. */
static enum connection_trouble
early_trouble(const struct failure *why)
{
	switch (why->status) {
	case EX_CONFIG:
	case EX_NOPERM:
	case EX_UNAVAILABLE:	/* the TLS module is not installed */
		return CONNECTION_TROUBLE_CONFIG;
	default:
		return CONNECTION_TROUBLE_CONNECT;
	}
}

static enum connection_trouble
session_trouble(const struct session *s, const struct failure *why)
{
	bool	permanent = why->status == EX_CONFIG ||
		    why->status == EX_NOPERM || why->status == EX_UNAVAILABLE;

	if (permanent && s->step == STEP_AUTH)
		return CONNECTION_TROUBLE_LOGIN;
	if (permanent && (s->step == STEP_TLS || s->step == STEP_STARTTLS ||
	    why->status == EX_CONFIG))
		return CONNECTION_TROUBLE_TLS;
	return reply_is_transient(&s->reply) ? CONNECTION_TROUBLE_BUSY :
	    CONNECTION_TROUBLE_CONNECT;
}

bool
connection_prepare(struct connection *c, struct failure *why)
{
	set_options(c);
	return tls_policy_choose(c, why);
}

bool
connection_open_on(struct connection *c, int fd, struct failure *why)
{
	c->session.step = STEP_TLS;
	c->session.reply = (struct reply){ 0 };
	if (!tls_policy_start(c, why) || !tls_policy_enforce(c, fd, why)) {
		close(fd);
		return false;
	}
	c->is_open = true;	/* connection_close() must close the session */
	return session_open(&c->session, fd, &c->options, why);
}

static void
summarize_tls(struct connection *c)
{
	const struct stream	*stream = &c->session.stream;

	c->tls = (struct tls_summary){ .version = "off" };
	if (stream->tls != NULL)
		stream->module->summary(stream->tls, &c->tls);
}

/*
 * After a session could not be opened: whether the server has refused an access
 * token, and there is another one now.
 */
static bool
has_new_token(struct connection *c)
{
	if (c->session.step != STEP_AUTH || c->session.reply.code != 535 ||
	    !credentials_renew(&c->credentials, c->commands))
		return false;
	c->auth.token = c->credentials.token;
	return true;
}

/* For the reader of the dialogue. */
static void
remark_connected(const struct connection *c)
{
	struct dial	d = dial_choose(c);
	struct buffer	remark = { 0 };

	buffer_addf(&remark, "%s %.*s", d.way == DIAL_COMMAND ?
	    "connecting to" : "connected to", (int)strlen(c->prefix) - 2,
	    c->prefix);
	if (d.way != DIAL_DIRECT)
		buffer_add_text(&remark, " through ");
	dial_write(&remark, &d);
	c->trace->line(c->trace->context, '*', remark.data);
	buffer_free(&remark);
}

/*
 * Connects and opens a session, after connection_prepare().  *connected: the
 * session has to be closed even after a failure.
 */
static bool
connect_and_open(struct connection *c, bool *connected, struct failure *why)
{
	int	fd = connect_socket(c, why);

	*connected = fd != -1;
	if (fd == -1)
		return false;
	if (c->trace != NULL)
		remark_connected(c);
	c->is_open = session_open(&c->session, fd, &c->options, why);
	return c->is_open;
}

bool
connection_open(struct connection *c, enum connection_trouble *trouble,
    struct failure *why)
{
	bool	connected = false;

	*trouble = CONNECTION_TROUBLE_NONE;
	if (connection_prepare(c, why) &&
	    !connect_and_open(c, &connected, why) && connected &&
	    has_new_token(c)) {
		session_close(&c->session);
		c->options.tls = NULL;	/* closed with the session */
		connect_and_open(c, &connected, why);
	}
	if (!connected) {
		*trouble = early_trouble(why);
		failure_prefix(why, "%s", c->prefix);
		connection_close(c);
		return false;
	}
	if (!c->is_open) {
		if (!reply_is_transient(&c->session.reply))
			dial_explain(c, why);
		*trouble = why->cause == DIAL_CAUSE_COMMAND ?
		    early_trouble(why) : session_trouble(&c->session, why);
		if (!interrupt_is_known(c->interrupt))
			advice_add(c, &(struct advice_facts){
			    .step = c->session.step,
			    .code = c->session.reply.code,
			    .enhanced = c->session.reply.enhanced,
			    .status = why->status, .cause = why->cause },
			    why->text, sizeof(why->text));
		session_close(&c->session);
		connection_close(c);
		return false;
	}
	summarize_tls(c);
	c->auth.password = c->auth.token = NULL;
	credentials_wipe(&c->credentials);
	return true;
}

bool
connection_is_alive(struct connection *c)
{
	return !stream_is_readable(&c->session.stream) &&
	    (clock_ms() - c->last_used_ms < IDLE_MS ||
	    session_is_alive(&c->session));
}

void
connection_close(struct connection *c)
{
	if (c->is_open)
		session_close(&c->session);
	dial_end(c);
	c->is_open = false;
	free(c->helo);
	c->helo = NULL;
	credentials_free(&c->credentials);
}
