/*
 * The addresses of a smarthost, which are tried as RFC 8305 specifies: which
 * addresses, in which order, and the time that an unreachable address costs.
 *
 * The tests run in a network namespace. Connections to port 2510 of 127.0.0.1
 * and of every IPv6 address get no reply; 127.0.0.2 is a smarthost at ports
 * 2510 and 2511; connections to other addresses are refused.
 *
 * The duration of a run depends on the machine, so strace records the order of
 * the connections and the time for which relais asks the kernel to wait between
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/conf.h"
#include "support/dns.h"
#include "support/mock_smtp.h"
#include "support/network.h"
#include "support/program.h"

enum {
	COST_MS = 300,		/* of one address, at most */
	STAGGER_MIN_MS = 10,	/* RFC 8305 section 5 */
	CROWD = 20,		/* addresses; more than are ever tried */
};

#define FOUR(n, a)	{ .name = n, .type = DNS_A, .value = a }
#define SIX(n, a)	{ .name = n, .type = DNS_AAAA, .value = a }

static const struct dns_record records[] = {
	SIX("both.test", "2001:db8::1"), FOUR("both.test", "127.0.0.2"),
	SIX("three.test", "2001:db8::1"), SIX("three.test", "2001:db8::2"),
	SIX("three.test", "2001:db8::3"), FOUR("three.test", "127.0.0.2"),
	FOUR("four.test", "127.0.0.1"), FOUR("four.test", "127.0.0.2"),
	SIX("six.test", "2001:db8::1"),
	SIX("mixed.test", "2001:db8::1"), FOUR("mixed.test", "127.0.0.3"),
	SIX("mixed.test", "2001:db8::2"), FOUR("mixed.test", "127.0.0.2"),
	FOUR("dead.test", "127.0.0.1"), FOUR("dead.test", "127.0.0.3"),
	SIX("far.test", "2001:db8:ffff::1"), FOUR("far.test", "127.0.0.2"),
#define SIXES(x) SIX("crowd.test", "2001:db8::" x "1"), \
	SIX("crowd.test", "2001:db8::" x "2"), \
	SIX("crowd.test", "2001:db8::" x "3"), \
	SIX("crowd.test", "2001:db8::" x "4"), \
	SIX("crowd.test", "2001:db8::" x "5")
	SIXES(""), SIXES("1"), SIXES("2"), SIXES("3"),
	FOUR("crowd.test", "127.0.0.2"),
	{ .name = "_smtp._tcp.srv.test", .type = DNS_SRV, .priority = 1,
	    .port = 2510, .value = "both.test" },
	{ .name = "mx.test", .type = DNS_MX, .value = "both.test" },
	{ .name = "two-mx.test", .type = DNS_MX, .priority = 1,
	    .value = "six.test" },
	{ .name = "two-mx.test", .type = DNS_MX, .priority = 2,
	    .value = "both.test" },
	{ .name = NULL }
};

struct address_case {
	const char	*sentence;
	const char	*smarthost;
	const char	*more;

	/*
	 * In order; '~': after a pause, '>': at once, because the one before
	 * failed.
	 */
	const char	*tried;
	int		 status;
	const char	*err;		/* NULL: delivered */
};

#define SHORT	"connect_timeout = 200ms\n"

static const struct address_case cases[] = {
	{ "an unreachable IPv6 address costs 250 ms",
	    "smtp://both.test:2510", NULL, "2001:db8::1 ~ 127.0.0.2", 0, NULL },
	{ "three unreachable IPv6 addresses cost 250 ms, because the families "
	    "alternate",
	    "smtp://three.test:2510", NULL, "2001:db8::1 ~ 127.0.0.2", 0,
	    NULL },
	{ "twenty unreachable IPv6 addresses cost 250 ms",
	    "smtp://crowd.test:2510", NULL,
	    "2001:db8::1 ~ 127.0.0.2", 0, NULL },
	{ "an unreachable IPv4 address costs 250 ms",
	    "smtp://four.test:2510", "family = ipv4\n",
	    "127.0.0.1 ~ 127.0.0.2", 0, NULL },
	{ "SRV targets are tried in the same way", "smtp+srv://srv.test", NULL,
	    "2001:db8::1 ~ 127.0.0.2", 0, NULL },
	{ "MX targets are tried in the same way",
	    "smtp+mx://mx.test:2510", NULL,
	    "2001:db8::1 ~ 127.0.0.2", 0, NULL },
	{ "a single unreachable address costs connect_timeout",
	    "smtp+mx://two-mx.test:2510", SHORT,
	    "2001:db8::1 ~ 2001:db8::1 ~ 127.0.0.2", 0, NULL },
	{ "a connect_timeout under 250 ms ends the attempt",
	    "smtp://both.test:2510", "connect_timeout = 100ms\n",
	    "2001:db8::1 ~ 127.0.0.2", 0, NULL },
	{ "only addresses of the family in the key family are tried",
	    "smtp://both.test:2510", "family = ipv4\n", "127.0.0.2", 0, NULL },
	{ "an unreachable address of the other family costs no time",
	    "smtp://both.test:2510", "family = ipv6\n" SHORT,
	    "2001:db8::1", EX_TEMPFAIL,
	    "both.test:2510: 2001:db8::1: Connection timed out" },
	{ "a name whose only address is unreachable",
	    "smtp://six.test:2510", SHORT, "2001:db8::1", EX_TEMPFAIL,
	    "six.test:2510: 2001:db8::1: Connection timed out" },
	{ "a smarthost that is an unreachable IP address",
	    "smtp://[2001:db8::1]:2510", SHORT, "2001:db8::1", EX_TEMPFAIL,
	    "[2001:db8::1]:2510: Connection timed out (" },
	{ "after a refused connection, the next attempt starts at once",
	    "smtp://both.test:2511", NULL, "2001:db8::1 > 127.0.0.2", 0,
	    NULL },
	{ "after a refused connection, it starts although another is in "
	    "progress",
	    "smtp://mixed.test:2510", NULL,
	    "2001:db8::1 ~ 127.0.0.3 > 2001:db8::2 ~ 127.0.0.2", 0, NULL },
	{ "the error names each address and its failure",
	    "smtp://dead.test:2510", "connect_timeout = 500ms\n",
	    "127.0.0.1 ~ 127.0.0.3", EX_TEMPFAIL, "dead.test:2510: "
	    "127.0.0.3: Connection refused; 127.0.0.1: Connection timed out "
	    "(" },
	{ "the error names each refused connection",
	    "smtp://both.test:2512", NULL, "2001:db8::1 > 127.0.0.2",
	    EX_TEMPFAIL, "both.test:2512: 2001:db8::1: Connection refused; "
	    "127.0.0.2: Connection refused (" },
	{ "of twenty addresses, sixteen are tried and four are named",
	    "smtp://crowd.test:2512", NULL, "2001:db8::1 > 127.0.0.2 > "
	    "2001:db8::2 > 2001:db8::3 > 2001:db8::4 > 2001:db8::5 > "
	    "2001:db8::11 > 2001:db8::12 > 2001:db8::13 > 2001:db8::14 > "
	    "2001:db8::15 > 2001:db8::21 > 2001:db8::22 > 2001:db8::23 > "
	    "2001:db8::24 > 2001:db8::25", EX_TEMPFAIL,
	    "2001:db8::3: Connection refused; and 12 more addresses (" },
	{ "an address without a route is tried last",
	    "smtp://far.test:2510", NULL, "127.0.0.2", 0, NULL },
	{ "an address without a route does not hide the other failures",
	    "smtp://far.test:2512", NULL, "127.0.0.2 > 2001:db8:ffff::1",
	    EX_TEMPFAIL, "127.0.0.2: Connection refused; 2001:db8:ffff::1: "
	    "Network is unreachable (" },
	{ "source_address selects the addresses of its family",
	    "smtp://both.test:2510", "source_address = 127.0.0.7\n",
	    "127.0.0.2", 0, NULL },
	{ "source_address may be an IPv6 address",
	    "smtp://both.test:2512", "source_address = 2001:db8::2\n",
	    "2001:db8::1", EX_TEMPFAIL,
	    "both.test:2512: 2001:db8::1: Connection refused (" },
	{ "source_address of a family that the smarthost lacks",
	    "smtp://six.test:2510", "source_address = 127.0.0.7\n", "",
	    EX_CONFIG, "six.test:2510: the host has no address of the same "
	    "family as the source address 127.0.0.7; check source_address (" },
	{ "source_address that is not an address of this machine",
	    "smtp://three.test:2510", "source_address = 2001:db8:ffff::9\n",
	    "", EX_CONFIG, "three.test:2510: cannot bind to the source address "
	    "2001:db8:ffff::9: Cannot assign requested address; check "
	    "source_address (" },
	{ "a name without an address of the key family",
	    "smtp://six.test:2510", "family = ipv4\n", "", EX_NOHOST,
	    "six.test:2510: the host has no IPv4 address; check family (" },
	{ "an IP address of another family than the key family",
	    "smtp://127.0.0.2:2510", "family = ipv6\n", "", EX_NOHOST,
	    "127.0.0.2:2510: the host has no IPv6 address; check family (" },
	{ "a name without addresses",
	    "smtp://mx.test:2510", NULL, "", EX_NOHOST,
	    "mx.test:2510: the host has no address (" },
};

static struct temp_dir	dir;
static bool		traceable;

/* The time limit of a poll() or ppoll() without an event. */
static long
asked_ms(const char *line)
{
	const char	*at = strstr(line, "], ");
	long		 s, ns;

	assert_non_null(at);
	if (sscanf(at, "], %*u, {tv_sec=%ld, tv_nsec=%ld}", &s, &ns) == 2)
		return s * 1000 + ns / 1000000;
	assert_int_equal(sscanf(at, "], %*u, %ld", &s), 1);
	return s;
}

/* The address in a connect() line of strace. */
static void
add_address(struct buffer *b, const char *line)
{
	const char	*at = strstr(line, "inet_");

	assert_non_null(at);
	at = strchr(at, '"');
	assert_non_null(at);
	buffer_add(b, at + 1, strcspn(at + 1, "\""));
}

/* The trace in the notation of a case; checks that no pause is too long. */
static void
read_tries(struct buffer *tries, char *trace)
{
	bool	tcp = false, waited = false;
	long	cost = 0;

	buffer_add_text(tries, "");
	for (char *line = strtok(trace, "\n"); line != NULL;
	    line = strtok(NULL, "\n")) {
		if (strncmp(line, "socket(", 7) == 0) {
			tcp = strstr(line, "AF_INET") != NULL &&
			    strstr(line, "SOCK_STREAM") != NULL;
		} else if (strstr(line, "poll(") != NULL) {
			if (strstr(line, "(Timeout)") == NULL)
				continue;
			waited = true;
			cost += asked_ms(line);
		} else if (tcp && strncmp(line, "connect(", 8) == 0) {
			if (tries->len > 0)
				buffer_add_text(tries, waited ? " ~ " : " > ");
			if (tries->len > 0 && waited)
				assert_in_range(cost, STAGGER_MIN_MS, COST_MS);
			add_address(tries, line);
			waited = false;
			cost = 0;
		}
	}
}

static void
check(const struct address_case *c, const struct program_result *out)
{
	if (c->status == 0)
		assert_string_equal(out->err.data, "");
	else if (strstr(out->err.data, c->err) == NULL)
		fail_msg("stderr lacks \"%s\": %s", c->err, out->err.data);
	assert_int_equal(out->status, c->status);
}

static void
run_traced(const struct address_case *c, const char *conf)
{
	char			trace[128];
	struct buffer		text = { 0 }, tries = { 0 };
	struct program_result	out;

	strlcpy(trace, temp_dir_path(&dir, "trace"), sizeof(trace));
	program_run(&out, &(struct program){ .path = "/usr/bin/env",
	    .argv = WORDS("env", "ASAN_OPTIONS=detect_leaks=0", "strace",
	    "-qq", "-o", trace, "-e", "trace=socket,connect,?poll,ppoll",
	    SENDMAIL, "-C", conf, "-i", "b@example.net"),
	    .input = "\nHello\n" });
	check(c, &out);
	file_read(&text, trace);
	read_tries(&tries, text.data);
	assert_string_equal(tries.data, c->tried);
	buffer_free(&text);
	buffer_free(&tries);
	program_result_free(&out);
}

static void
addresses_are_tried(void **state)
{
	const struct address_case	*c = *state;
	struct buffer			 more = { 0 };
	struct program_result		 out;
	char				 conf[128];

	buffer_addf(&more, "smarthost = %s\ntls = off\n%s", c->smarthost,
	    c->more != NULL ? c->more : "");
	strlcpy(conf, conf_write(&dir, NULL, NULL, more.data),
	    sizeof(conf));
	buffer_free(&more);
	relais_run(&out, conf, WORDS("-i", "b@example.net"), "\nHello\n");
	check(c, &out);
	program_result_free(&out);
	if (traceable)
		run_traced(c, conf);
}

static bool
can_trace(void)
{
	return system("strace -qq -o /dev/null true 2>/dev/null") == 0;
}

/* 2001:db8::1 to 5, and the same with 1, 2, 3 in front. */
static bool
add_addresses(void)
{
	for (unsigned i = 0; i < CROWD; i++) {
		char	address[32];

		snprintf(address, sizeof(address), "2001:db8::%u",
		    i / 5 * 10 + i % 5 + 1);
		if (!network_add_ipv6(address))
			return false;
	}
	return true;
}

int
main(void)
{
	struct script		 holes[] = {
		{ .port = 2510, .black_hole = true, .address = "::" },
		{ .port = 2510, .black_hole = true, .address = "127.0.0.1" },
	};
	struct script		 script = { .address = "127.0.0.2" };
	struct mock_smtp	*hosts[4];
	struct dns		 names;
	int			 failures;

	if (!network_alone() || !add_addresses())
		return network_skip();
	traceable = can_trace();
	if (!traceable)
		print_message("without strace only the outcomes are seen\n");
	temp_dir_make(&dir);
	dns_start(&names, records, 53);
	for (size_t i = 0; i < 2; i++) {
		hosts[i] = mock_smtp_start(&holes[i]);
		script.port = (uint16_t)(2510 + i);
		hosts[2 + i] = mock_smtp_start(&script);
	}
	failures = CASES_RUN("addresses", addresses_are_tried, cases);
	for (size_t i = 0; i < 4; i++)
		mock_smtp_stop(hosts[i]);
	dns_stop(&names);
	temp_dir_remove(&dir);
	return failures;
}
