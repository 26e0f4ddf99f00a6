#include "check/smarthost.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "relay/dial.h"
#include "util/clock.h"
#include "util/memory.h"

enum { OTHER_PORTS_MS = 5 * 1000 };

/*
 * After a mail port has timed out: looks for a mail port that answers.  Sets
 * r->remedy and returns true if there is one.
 */
static bool
find_other_port(struct smarthost_run *r, const struct reach_attempt *failed,
    const struct connect_options *options, struct buffer *silent)
{
	static const struct {
		uint16_t	 port;
		const char	*scheme;
	} ports[] = { { 587, "submission" }, { 465, "submissions" },
	    { 2525, "submission" }, { 25, "smtp" } };
	enum { PORTS = sizeof(ports) / sizeof(ports[0]) };
	struct connect_options	 how = *options;
	struct reach		*others;
	bool			 is_mail_port = false, found = false;

	for (size_t i = 0; i < PORTS; i++)
		is_mail_port |= ports[i].port == failed->port;
	if (!is_mail_port)
		return false;
	others = memory_new(1, sizeof(*others));
	for (size_t i = 0; i < PORTS; i++)
		reach_add_port(others, failed, ports[i].port);
	if (how.timeout_ms > OTHER_PORTS_MS)
		how.timeout_ms = OTHER_PORTS_MS;
	reach_connect(others, &how);
	for (size_t i = 0; i < PORTS; i++) {
		const char	*host = r->connection->at.host;

		if (others->attempt[i].fd == -1) {
			if (others->attempt[i].error == ETIMEDOUT)
				buffer_addf(silent, "%s%u", silent->len > 0 ?
				    ", " : "", ports[i].port);
			continue;
		}
		if (found)
			continue;
		snprintf(r->remedy, sizeof(r->remedy), "port %u answers: if "
		    "the server accepts your mail there, set smarthost = "
		    "%s://%s%s%s:%u (%s)", ports[i].port, ports[i].scheme,
		    strchr(host, ':') != NULL ? "[" : "", host,
		    strchr(host, ':') != NULL ? "]" : "", ports[i].port,
		    r->target->smarthost->origin);
		found = true;
	}
	reach_close(others);
	free(others);
	return found;
}

/* What to change if a connection is not made; NULL if nothing is. */
static const char *
connect_remedy(const struct reach_attempt *a, bool reached)
{
	if (a->no_source)
		return "set source_address to an address of this machine";
	if (reached)
		return a->error != ETIMEDOUT ? NULL : "if this address never "
		    "answers, ask the operator of the server to remove it from "
		    "the DNS; family = ipv4 or ipv6 excludes the other family";
	switch (a->error) {
	case ECONNREFUSED:
		return "no server listens on this port: check the host and "
		    "the port in smarthost";
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "check the network of this machine, for example with "
		    "\"ip route\"";
	case ETIMEDOUT:
		return "a firewall may block this port: ask the provider of "
		    "this machine or of its network";
	}
	return NULL;
}

static void
report_attempt(struct smarthost_run *r, const struct reach_attempt *a,
    const struct connect_options *how, bool reached)
{
	enum check_verdict	 verdict = reached ? CHECK_WARNING : CHECK_FAIL;
	const char		*remedy = connect_remedy(a, reached);
	struct buffer		 silent = { 0 };
	char			 object[100], ms[32];
	const struct check_fact	 facts[] = { { "ms", ms, NULL } };

	snprintf(object, sizeof(object), strchr(a->address, ':') != NULL ?
	    "[%s]:%u" : "%s:%u", a->address, a->port);
	snprintf(ms, sizeof(ms), "%lld", (long long)a->ms);
	if (a->fd != -1) {
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_CONNECT,
		    .object = object, .facts = facts, .n_facts = 1 },
		    "connected in %s ms", ms);
		return;
	}
	/* A machine without IPv6 is usual; no mail waits for it. */
	if (reached && (a->error == ENETUNREACH || a->error == EADDRNOTAVAIL ||
	    a->error == EAFNOSUPPORT))
		verdict = CHECK_OK;
	if (!reached && (a->error == ETIMEDOUT || a->error == EHOSTUNREACH) &&
	    !r->tried_ports) {
		r->tried_ports = true;
		if (find_other_port(r, a, how, &silent))
			remedy = r->remedy;
	}
	smarthost_report(r, &(struct check_finding){ .stage = CHECK_CONNECT,
	    .verdict = verdict, .status = verdict == CHECK_FAIL ?
	    EX_TEMPFAIL : EX_OK, .object = object, .remedy = remedy,
	    .facts = facts, .n_facts = 1 },
	    "%s%s after %s ms%s%s%s", a->no_source ? "source_address: " : "",
	    strerror(a->error), ms, silent.len > 0 ? "; ports that time out: " :
	    "", silent.len > 0 ? silent.data : "", verdict == CHECK_OK ?
	    " (mail uses another address)" : verdict == CHECK_WARNING ?
	    "; mail uses another address" : "");
	buffer_free(&silent);
}

/* By a way that is not the direct one: the name is not looked up here. */
static int
connect_indirectly(struct smarthost_run *r, const struct dial *d,
    const struct connect_options *how)
{
	struct connection	*c = r->connection;
	int64_t			 began = clock_ms();
	struct buffer		 way = { 0 };
	char			 ms[32];
	const struct check_fact	 facts[] = { { "ms", ms, NULL },
				    { config_key_name(d->way == DIAL_PROXY ?
				    KEY_PROXY : KEY_CONNECT_COMMAND),
				    d->by->value, d->by->origin } };
	struct failure		 why;
	int			 fd;

	dial_write(&way, d);
	smarthost_report(r, &(struct check_finding){ .stage = CHECK_LOOKUP,
	    .object = c->at.host, .origin = d->by->origin },
	    "left to the %s%s%s", way.data,
	    r->target->section != NULL ? ", for " : "",
	    r->target->section != NULL ? r->target->section : "");
	fd = dial(c, how, &why);
	snprintf(ms, sizeof(ms), "%lld", (long long)(clock_ms() - began));
	if (fd == -1)
		smarthost_report_failure(r, CHECK_CONNECT, STEP_TLS, &why);
	else
		smarthost_report(r, &(struct check_finding){
		    .stage = CHECK_CONNECT, .origin = d->by->origin,
		    .facts = facts, .n_facts = 2 },
		    d->way == DIAL_COMMAND ? "started the %s in %s ms" :
		    "connected through the %s in %s ms", way.data, ms);
	buffer_free(&way);
	return fd;
}

/*
 * If the name servers do not reply about one family, mail waits for them each
 * time.
 */
static void
report_addresses(struct smarthost_run *r, const struct reach *addresses,
    const char *list)
{
	const struct reach_attempt	*first = &addresses->attempt[0];
	bool				 is_four = first->to.ss_family ==
					    AF_INET;
	struct check_finding		 found = { .stage = CHECK_LOOKUP,
					    .object = r->connection->at.host };
	char				 silence[100] = "", remedy[100];

	if (addresses->partial) {
		snprintf(silence, sizeof(silence), "; the lookup of IPv%d "
		    "addresses fails or takes too long, which delays mail",
		    is_four ? 6 : 4);
		snprintf(remedy, sizeof(remedy), "check the name servers in "
		    "/etc/resolv.conf, or set family = %s",
		    is_four ? "ipv4" : "ipv6");
		found.verdict = CHECK_WARNING;
		found.remedy = remedy;
	}
	smarthost_report(r, &found, "%s%s%s%s", list,
	    r->target->section != NULL ? ", for " : "",
	    r->target->section != NULL ? r->target->section : "", silence);
}

int
smarthost_connect(struct smarthost_run *r, struct reach *addresses)
{
	struct connection	*c = r->connection;
	struct dial		 d = dial_choose(c);
	struct connect_options	 how;
	struct failure		 why;
	struct buffer		 list = { 0 };
	int			 fd = -1;

	connection_connect_options(c, &how);
	if (d.way != DIAL_DIRECT)
		return connect_indirectly(r, &d, &how);
	if (c->at.host == NULL) {
		fd = connect_to(&c->at, &how, &why);
		if (fd == -1)
			smarthost_report_failure(r, CHECK_CONNECT,
			    STEP_TLS, &why);
		else
			smarthost_report(r, &(struct check_finding){
			    .stage = CHECK_CONNECT }, "connected");
		return fd;
	}
	if (!reach_resolve(addresses, &c->at, &how, &why)) {
		smarthost_report_failure(r, CHECK_LOOKUP, STEP_TLS, &why);
		return -1;
	}
	for (size_t i = 0; i < addresses->n; i++)
		buffer_addf(&list, "%s%s", i > 0 ? ", " : "",
		    addresses->attempt[i].address);
	if (addresses->left_out > 0)
		buffer_addf(&list, " and %zu more", addresses->left_out);
	report_addresses(r, addresses, list.data);
	buffer_free(&list);
	reach_connect(addresses, &how);
	for (size_t i = 0; i < addresses->n && fd == -1; i++)
		fd = addresses->attempt[i].fd;
	for (size_t i = 0; i < addresses->n; i++)
		report_attempt(r, &addresses->attempt[i], &how, fd != -1);
	for (size_t i = 0; i < addresses->n; i++)
		if (addresses->attempt[i].fd == fd)
			addresses->attempt[i].fd = -1;
	reach_close(addresses);
	return fd;
}
