/*
 * Where relais setup finds a smarthost, and name servers that misbehave, in a
 * network of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "setup/discover.h"
#include "support/cases.h"
#include "support/dns.h"
#include "support/mock_smtp.h"
#include "support/network.h"
#include "util/clock.h"

#define MX(n, p, host)	{ .name = n, .type = DNS_MX, .priority = p, \
	.value = host }
#define SERVICE(n, p, at, host) { .name = n, .type = DNS_SRV, \
	.priority = p, .port = at, .value = host }
#define A(n, v)		{ .name = n, .type = DNS_A, .value = v }
#define FLAW(n, t, f)	{ .name = n, .type = t, .flaw = f }

static const char table[] =
    "[big]\nname = Big\ndomains = big.test\nmx = mx.big.test\n"
    "smarthost = submissions://smtp.big.test\nlogin = password\n"
    "user = address\n";

static const struct dns_record records[] = {
	/* Accounts at a provider. */
	MX("hosted.test", 10, "in.hosted.test"),
	MX("hosted.test", 20, "a.MX.big.test"),
	MX("like.test", 10, "evilmx.big.test"),
	A("smtp.like.test", "127.0.0.2"),
	SERVICE("_submissions._tcp.hosted.test", 0, 465, "wrong.test"),
	MX("xn--mnchen-3ya.test", 10, "mx.big.test"),

	/* SRV records. */
	MX("both.test", 10, "mx.both.test"),
	SERVICE("_submissions._tcp.both.test", 20, 465, "second.test"),
	SERVICE("_submissions._tcp.both.test", 10, 4650, "first.test"),
	SERVICE("_submission._tcp.both.test", 0, 587, "wrong.test"),
	SERVICE("_submissions._tcp.start.test", 0, 0, "."),
	SERVICE("_submission._tcp.start.test", 0, 587, "mail.start.test"),
	SERVICE("_submissions._tcp.odd.test", 0, 465, "a b;c.test"),
	SERVICE("_submission._tcp.odd.test", 0, 0, "zero.test"),
	A("mail.odd.test", "127.0.0.2"),

	/* Common names.  127.0.0.2 accepts on port 465, 127.0.0.3 on 587. */
	A("smtp.name.test", "127.0.0.2"), A("mail.name.test", "127.0.0.2"),
	A("smtp.old.test", "127.0.0.4"), A("mail.old.test", "127.0.0.3"),
	A("smtp.prefer.test", "127.0.0.3"), A("mail.prefer.test", "127.0.0.2"),
	A("smtp.two.test", "127.0.0.4"), A("smtp.two.test", "127.0.0.3"),
	A("smtp.closed.test", "127.0.0.4"),
	MX("null.test", 0, "."),

	/* Name servers that misbehave. */
	FLAW("silent.test", DNS_MX, DNS_SILENT),
	FLAW("id.test", DNS_MX, DNS_WRONG_ID),
	FLAW("endless.test", DNS_MX, DNS_TRUNCATED),
	MX("later.test", 10, "x.test"),
	FLAW("_submissions._tcp.later.test", DNS_SRV, DNS_SILENT),
	FLAW("smtp.host.test", DNS_A, DNS_SILENT),
	FLAW("fails.test", DNS_MX, DNS_FAILURE),
	FLAW("_submissions._tcp.fails.test", DNS_SRV, DNS_FAILURE),
	A("smtp.fails.test", "127.0.0.2"),
	FLAW("useless.test", DNS_MX, DNS_FAILURE),
	{ "lies.test", DNS_MX, .raw = "\0\0\17\0\1\0\0\0\1\0\4\0\12\300\50",
	    .raw_len = 15, .claimed = 9999 },
	A("mail.lies.test", "127.0.0.2"),
	{ .name = NULL }
};

struct discover_case {
	const char	*sentence;
	const char	*domain;
	const char	*smarthost;	/* NULL: none is found */
	const char	*text;		/* .reason, or part of why */
};

static const struct discover_case answers[] = {
	{ "a domain of a provider", "BIG.test", "submissions://smtp.big.test",
	    "Big, in the table of providers" },
	{ "a domain whose MX is that of a provider", "hosted.test",
	    "submissions://smtp.big.test",
	    "Big: a.MX.big.test receives the mail of hosted.test" },
	{ "a domain that is not ASCII", "m\303\274nchen.test",
	    "submissions://smtp.big.test",
	    "Big: mx.big.test receives the mail of xn--mnchen-3ya.test" },
	{ "an MX whose name only ends in that of a provider", "like.test",
	    "submissions://smtp.like.test",
	    "smtp.like.test accepts connections on port 465" },
	{ "implicit TLS before STARTTLS, and the lowest priority first",
	    "both.test", "submissions://first.test:4650",
	    "the SRV record of _submissions._tcp.both.test" },
	{ "the target \".\" means that there is no such service",
	    "start.test", "submission://mail.start.test:587",
	    "the SRV record of _submission._tcp.start.test" },
	{ "targets that are not hosts and ports are ignored", "odd.test",
	    "submissions://mail.odd.test", "mail.odd.test accepts "
	    "connections on port 465" },
	{ "smtp before mail", "name.test", "submissions://smtp.name.test",
	    "smtp.name.test accepts connections on port 465" },
	{ "port 465 of mail before port 587 of smtp", "prefer.test",
	    "submissions://mail.prefer.test",
	    "mail.prefer.test accepts connections on port 465" },
	{ "port 587, if no host accepts connections on port 465", "old.test",
	    "submission://mail.old.test",
	    "mail.old.test accepts connections on port 587" },
	{ "the second address of a host", "two.test",
	    "submission://smtp.two.test",
	    "smtp.two.test accepts connections on port 587" },
	{ "a host that refuses connections", "closed.test", NULL,
	    "neither the domain nor "
	    "its MX records are in the table of providers, it has no SRV "
	    "records for submission, and neither smtp.closed.test nor "
	    "mail.closed.test accepts connections on port 465 or 587" },
	{ "a domain that does not exist", "gone.test", NULL,
	    "neither smtp.gone.test nor" },
	{ "a domain that receives no mail", "null.test", NULL,
	    "neither smtp.null.test nor" },
	{ "a name server that fails, and names that it knows", "fails.test",
	    "submissions://smtp.fails.test",
	    "smtp.fails.test accepts connections on port 465" },
	{ "a malformed reply is ignored", "lies.test",
	    "submissions://mail.lies.test",
	    "mail.lies.test accepts connections on port 465" },
};

static const struct discover_case delays[] = {
	{ "no reply about MX", "silent.test", NULL, "timed out after 0.5 "
	    "seconds, waiting for the MX records of silent.test" },
	{ "a name server that fails, and a host that does not exist",
	    "useless.test", NULL, "cannot look up the MX records of "
	    "useless.test: no reply from a name server" },
	{ "a reply with the ID of another query", "id.test", NULL,
	    "waiting for the MX records of id.test" },
	{ "a truncated reply, and over TCP endless replies to other queries",
	    "endless.test", NULL, "cannot look up the MX records of "
	    "endless.test: name server 127.0.0.1, over TCP: invalid reply" },
	{ "no reply about SRV", "later.test", NULL, "waiting for the SRV "
	    "records of _submissions._tcp.later.test" },
	{ "no reply about an address", "host.test", NULL,
	    "waiting for smtp.host.test, port 465" },
};

static void
look(const struct discover_case *c, int64_t timeout_ms, int status)
{
	struct provider_table	 t;
	struct discovery	 d;
	struct failure		 why;

	assert_true(provider_table_parse(&t, "table", table,
	    sizeof(table) - 1, &why));
	if (discover(&d, &t, c->domain, timeout_ms, &why)) {
		if (c->smarthost == NULL)
			fail_msg("%s (%s)", d.smarthost, d.reason);
		assert_string_equal(d.smarthost, c->smarthost);
		assert_string_equal(d.reason, c->text);
		assert_true((d.provider == t.provider) ==
		    (strstr(c->text, "Big") != NULL));
	} else {
		if (c->smarthost != NULL || strstr(why.text, c->text) == NULL)
			fail_msg("%s", why.text);
		assert_int_equal(why.status, status);
	}
	provider_table_free(&t);
}

static void
finds(void **state)
{
	look(*state, 30000, EX_NOHOST);
}

static void
stops_in_time(void **state)
{
	int64_t	start = clock_ms();

	look(*state, 500, EX_TEMPFAIL);
	assert_in_range(clock_ms() - start, 0, 10000);
}

int
main(void)
{
	/* Twelve octets: the header of a reply. */
	static const char	 other[] = "\0\14\0\0\201\200\0\1\0\0\0\0\0\0";
	const struct script	 server[] = {
		{ .port = 465, .address = "127.0.0.2" },
		{ .port = 587, .address = "127.0.0.3" },
		{ .port = 53, .steps = { { .at = ON_GREETING, .raw = other,
		    .raw_len = sizeof(other) - 1, .how = ENDLESS } } },
	};
	enum { N = sizeof(server) / sizeof(*server) };
	struct mock_smtp	*running[N];
	struct dns		 names;
	int			 failures;

	if (!network_alone())
		return network_skip();
	for (size_t i = 0; i < N; i++)
		running[i] = mock_smtp_start(&server[i]);
	dns_start(&names, records, 53);
	failures = CASES_RUN("discovery", finds, answers);
	failures += CASES_RUN("discovery and delays", stops_in_time, delays);
	dns_stop(&names);
	for (size_t i = 0; i < N; i++)
		mock_smtp_stop(running[i]);
	return failures;
}
