#include "check/smarthost.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "check/held.h"
#include "relay/advice.h"
#include "relay/endpoints.h"
#include "util/memory.h"

void
smarthost_report(struct smarthost_run *r,
    const struct check_finding *finding, const char *fmt, ...)
{
	struct check_finding	f = *finding;
	char			text[2048];
	va_list			ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (f.object == NULL)
		f.object = r->object;
	if (f.origin == NULL)
		f.origin = r->target->smarthost->origin;
	r->failed |= f.verdict == CHECK_FAIL;
	check_report(r->check, &f, "%s", text);
}

const char *
smarthost_remedy(struct smarthost_run *r, const struct failure *why,
    enum session_step step)
{
	const struct reply	*reply = &r->connection->session.reply;
	char			 text[sizeof(why->text) + sizeof(r->remedy)];
	size_t			 len = strlen(why->text);

	strlcpy(text, why->text, sizeof(text));
	advice_add(r->connection, &(struct advice_facts){ .step = step,
	    .code = reply->code, .enhanced = reply->enhanced,
	    .status = why->status, .cause = why->cause }, text, sizeof(text));
	if (strncmp(text + len, "; ", 2) != 0)
		return NULL;	/* only the place, which is the origin */
	strlcpy(r->remedy, text + len + 2, sizeof(r->remedy));
	return r->remedy;
}

const char *
smarthost_usual_remedy(struct smarthost_run *r, enum check_stage stage,
    const struct failure *why)
{
	const struct check	*c = r->check;
	const struct setting	*root;

	if (stage == CHECK_LOOKUP)
		return why->status == EX_NOHOST ? "correct the name in "
		    "smarthost" : "try again later; if this persists, check "
		    "the name servers in /etc/resolv.conf";
	if (stage == CHECK_CONNECT && r->connection->at.host != NULL)
		return NULL;
	if (stage == CHECK_CONNECT)	/* to a Unix socket */
		return "start the server, or correct the path in smarthost";
	if (why->status == EX_PROTOCOL || (stage == CHECK_RSET &&
	    why->status == EX_UNAVAILABLE))
		return stage == CHECK_GREETING ? "check the host and the port "
		    "in smarthost: the greeting of a mail server begins with "
		    "220" : "the server violates the protocol: tell its "
		    "operator";
	if (why->status == EX_TEMPFAIL)
		return "try again later; if this persists, ask the operator of "
		    "the server, whose log has the reason";
	if (stage == CHECK_GREETING)
		return "the server refuses this machine: use the submission "
		    "port (587 or 465), or ask the operator of the server";
	if (stage == CHECK_EHLO)
		return "set helo to the fully qualified name of this host";
	if (stage != CHECK_RCPT || c->recipient != NULL)
		return NULL;
	root = config_find(c->config, &r->target->subject, KEY_ROOT);
	snprintf(r->remedy, sizeof(r->remedy), "mail to root goes to this "
	    "address: correct %s%s%s", root != NULL ? "root (" :
	    "the alias of root, or set root", root != NULL ? root->origin : "",
	    root != NULL ? ")" : "");
	return r->remedy;
}

void
smarthost_report_failure(struct smarthost_run *r, enum check_stage stage,
    enum session_step step,
    const struct failure *why)
{
	const char	*remedy = smarthost_remedy(r, why, step);

	smarthost_report(r, &(struct check_finding){ .stage = stage,
	    .verdict = CHECK_FAIL, .status = why->status,
	    .remedy = remedy != NULL ? remedy :
	    smarthost_usual_remedy(r, stage, why) },
	    "%s", why->text);
}

static void
check_endpoint(struct smarthost_run *r)
{
	const struct endpoint	*at = &r->connection->at;
	struct reach		*addresses = memory_new(1, sizeof(*addresses));
	int			 fd;

	if (at->host == NULL)
		strlcpy(r->object, at->path, sizeof(r->object));
	else
		snprintf(r->object, sizeof(r->object),
		    strchr(at->host, ':') != NULL ? "[%s]:%u" : "%s:%u",
		    at->host, at->port);
	fd = smarthost_connect(r, addresses);
	if (fd != -1)
		smarthost_session(r, fd, addresses);
	free(addresses);
}

/*
 * The servers of a smarthost.
 */

/*
 * Checks servers in the order of relay/, which does not try the next one if one
 * has replied to MAIL or RCPT.  Returns whether mail leaves.
 */
static bool
check_endpoints(struct smarthost_run *r, struct endpoints *e)
{
	struct connection	*c = r->connection;
	bool			 decided = false, leaves = false;
	struct failure		 why;
	enum endpoints_result	 next;

	while ((!decided || r->check->all) &&
	    !interrupt_came(r->check->interrupt) &&
	    (next = endpoints_next(e, &why)) != ENDPOINTS_END) {
		r->failed = r->replied = r->tried_ports = false;
		c->smarthost = e->smarthost;
		c->at = e->at;
		if (next == ENDPOINTS_FOUND &&
		    !smarthost_is_server(c->smarthost))
			smarthost_check_delivery(r);
		else if (next == ENDPOINTS_FOUND)
			check_endpoint(r);
		else
			smarthost_report(r, &(struct check_finding){
			    .stage = CHECK_LOOKUP, .verdict = CHECK_FAIL,
			    .status = why.status, .object = c->smarthost->host,
			    .remedy =
			    smarthost_usual_remedy(r, CHECK_LOOKUP, &why) },
			    "%s", why.text);
		if (!decided && (r->replied || !r->failed)) {
			decided = true;
			leaves = !r->failed;
		}
	}
	return leaves;
}

bool
check_smarthost(struct check *check, const struct check_target *target)
{
	struct smarthost_run		 r = { .check = check,
					    .target = target };
	struct connection	*c = memory_new(1, sizeof(*c));
	struct endpoints	 e = { .next = 0 };
	struct failure		 why;
	bool			 leaves = false;

	r.connection = c;
	connection_begin(c);
	c->config = check->config;
	c->me = check->me;
	c->interrupt = check->interrupt;
	c->commands = &check->commands;
	c->connector = &check->connector;
	c->subject = target->subject;
	held_begin(check);
	e.lookup_ms = config_ms(c->config, &c->subject, KEY_TIMEOUT);
	if (endpoints_begin_with(&e, target->smarthost, &why))
		leaves = check_endpoints(&r, &e);
	else
		smarthost_report(&r, &(struct check_finding){
		    .stage = CHECK_LOOKUP,
		    .verdict = CHECK_FAIL, .status = why.status }, "%s",
		    why.text);
	held_end(check, leaves ? "; mail uses another server" : NULL);
	endpoints_free(&e);
	buffer_free(&r.keywords);
	free(c);
	return leaves;
}
