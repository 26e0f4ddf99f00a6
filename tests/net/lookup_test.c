/* Well-formed and malformed SRV and MX records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "net/dns_query.h"
#include "net/lookup.h"
#include "support/dns.h"

#define S "_submission._tcp."

#define SERVICE(n, p, w, at, host) { .name = n, .type = DNS_SRV, \
	.priority = p, .weight = w, .port = at, .value = host }
#define MAIL(n, p, host) \
	{ .name = n, .type = DNS_MX, .priority = p, .value = host }

/* A record's head without a name: root, type, IN, ttl; then its data. */
#define RECORD(type, len)	"\0\0" type "\0\1\0\0\0\1\0" len

static const struct dns_record records[] = {
	SERVICE(S "one.test", 10, 5, 587, "mail.one.test"),
	SERVICE(S "order.test", 30, 0, 3, "c.test"),
	SERVICE(S "order.test", 10, 0, 1, "a.test"),
	SERVICE(S "order.test", 20, 0, 2, "b.test"),
	SERVICE(S "none.test", 0, 0, 0, "."),
	SERVICE(S "port.test", 1, 1, 0, "zero.test"),
	SERVICE(S "port.test", 2, 1, 25, "mail.test"),
	SERVICE(S "odd.test", 1, 1, 25, "a b.test"),
	SERVICE(S "odd.test", 2, 1, 25, "-oX.test"),
	SERVICE(S "odd.test", 3, 1, 25, "a;b.test"),
	SERVICE(S "odd.test", 4, 1, 25, "fine_1-x.test"),
	{ S "alias.test", DNS_CNAME, .value = S "one.test" },
	SERVICE(S "alias.test", 7, 0, 465, "behind.test"),
	MAIL("mx.test", 20, "second.test"),
	MAIL("mx.test", 10, "first.test"),
	MAIL("null.test", 0, "."),
	{ "bare.test", DNS_A, .value = "127.0.0.1" },
	{ "cut.test", DNS_MX, .raw = RECORD("\17", "\4") "\0\12\1",
	    .raw_len = 14, .claimed = 1 },
	{ "short.test", DNS_MX, .raw = RECORD("\17", "\1") "\0", .raw_len = 12,
	    .claimed = 1 },
	{ "less.test", DNS_MX, .raw = RECORD("\17", "\7") "\0\12\3one\0",
	    .raw_len = 18, .claimed = 9 },
	/* A pointer to itself: the name is at offset 12 + 14 + 11 + 2. */
	{ "loop.test", DNS_MX, .raw = RECORD("\17", "\4") "\0\12\300\50",
	    .raw_len = 15, .claimed = 1 },
	{ .name = NULL }
};

struct lookup_case {
	const char	 *sentence;
	enum lookup_type  type;
	const char	 *name;
	const char	 *want;		/* hosts and ports; NULL: none */
	int		  status;
	const char	 *text;
};

#define SRV LOOKUP_TYPE_SRV
#define MX LOOKUP_TYPE_MX

static const struct lookup_case cases[] = {
	{ "a single host",
	    SRV, S "one.test", "mail.one.test:587", EX_OK, NULL },
	{ "the lowest priority first", SRV, S "order.test",
	    "a.test:1 b.test:2 c.test:3", EX_OK, NULL },
	{ "the target \".\": the service is not offered", SRV,
	    S "none.test", NULL, EX_NOHOST, "does not offer this service" },
	{ "a target with port 0 is ignored", SRV, S "port.test",
	    "mail.test:25", EX_OK, NULL },
	{ "targets that are not host names are ignored", SRV, S "odd.test",
	    "fine_1-x.test:25", EX_OK, NULL },
	{ "an alias is followed", SRV, S "alias.test", "behind.test:465",
	    EX_OK, NULL },
	{ "a name that does not exist", SRV, S "nowhere.test", NULL,
	    EX_NOHOST, "does not exist in the DNS" },
	{ "a name without SRV records", SRV, "bare.test", NULL, EX_NOHOST,
	    "no SRV record" },
	{ "MX, by preference", MX, "mx.test", "first.test:0 second.test:0",
	    EX_OK, NULL },
	{ "a null MX", MX, "null.test", NULL, EX_NOHOST,
	    "does not offer this service" },
	{ "a name without MX records",
	    MX, "bare.test", NULL, EX_NOHOST, "no MX record" },
	{ "the data ends within a name", MX, "cut.test", NULL, EX_TEMPFAIL,
	    "malformed" },
	{ "the data is too short for a preference", MX, "short.test", NULL,
	    EX_TEMPFAIL, "malformed" },
	{ "fewer records than the header announces", MX, "less.test", NULL,
	    EX_TEMPFAIL, "malformed" },
	{ "a compressed name that points to itself", MX, "loop.test", NULL,
	    EX_TEMPFAIL, "malformed" },
};

static struct dns server;	/* shared: it has no state */

static void
write_targets(const struct lookup_targets *t, char *to, size_t size)
{
	size_t	len = 0;

	to[0] = '\0';
	for (size_t i = 0; i < t->n && len < size; i++)
		len += (size_t)snprintf(to + len, size - len, "%s%s:%u",
		    i > 0 ? " " : "", t->target[i].host, t->target[i].port);
}

static void
looks_up(void **state)
{
	const struct lookup_case	*c = *state;
	struct lookup_targets		 t;
	struct failure			 why;
	const struct dns_options		 at = { .server = server.address };
	char				 text[1024];

	if (!lookup(&t, c->type, c->name, &at, &why)) {
		if (c->want != NULL)
			fail_msg("%s", why.text);
		assert_int_equal(why.status, c->status);
		if (strstr(why.text, c->text) == NULL)
			fail_msg("\"%s\" lacks \"%s\"", why.text, c->text);
		return;
	}
	write_targets(&t, text, sizeof(text));
	assert_non_null(c->want);
	assert_string_equal(text, c->want);
}

static void
equal_priorities_are_selected_by_weight(void **state)
{
	static const struct dns_record	equals[] = {
		SERVICE("w.test", 1, 0, 1, "none.test"),
		SERVICE("w.test", 1, 90, 2, "most.test"),
		SERVICE("w.test", 1, 10, 3, "some.test"),
		{ .name = NULL }
	};
	struct dns		 d;
	struct dns_options	 at = { .timeout_ms = 0 };
	struct lookup_targets	 t;
	struct failure		 why;
	int			 first[4] = { 0 };

	(void)state;
	dns_start(&d, equals, 0);
	at.server = d.address;
	for (int i = 0; i < 300; i++) {
		assert_true(lookup(&t, SRV, "w.test", &at, &why));
		assert_int_equal(t.n, 3);
		first[t.target[0].port]++;
	}
	dns_stop(&d);
	assert_in_range(first[2], 220, 299);	/* expected: 270 */
	assert_in_range(first[3], 5, 80);
	assert_in_range(first[1], 0, 10);
}

static void
the_best_16_of_1000_records_are_kept(void **state)
{
	unsigned char		answer[40000] = { 0 };
	struct lookup_targets	t;
	struct failure		why;
	size_t			len = 12;

	(void)state;
	answer[6] = 1000 >> 8;
	answer[7] = 1000 & 0xff;
	for (unsigned i = 0; i < 1000; i++) {
		unsigned	priority = (i * 7919) % 1000;
		unsigned char	record[] = { 0, 0, 15, 0, 1, 0, 0, 0, 1, 0, 6,
				    (unsigned char)(priority >> 8),
				    (unsigned char)priority, 2, 'h', 'x', 0 };

		memcpy(answer + len, record, sizeof(record));
		len += sizeof(record);
	}
	assert_true(lookup_parse(&t, MX, answer, len, &why));
	assert_int_equal(t.n, LOOKUP_MAX);
	for (unsigned i = 0; i < LOOKUP_MAX; i++)
		assert_int_equal(t.target[i].priority, i);
}

/* Truncated replies are malformed; changed octets do not crash the parser. */
static void
damaged_replies_do_not_crash(void **state)
{
	static const unsigned char	whole[] =
	    "\0\1\201\200\0\1\0\2\0\0\0\0\2mx\4test\0\0\17\0\1"
	    "\300\14\0\17\0\1\0\0\0\1\0\4\0\12\300\14"
	    "\300\14\0\17\0\1\0\0\0\1\0\6\0\5\1a\300\17";
	struct lookup_targets		t;
	struct failure			why;

	(void)state;
	assert_true(lookup_parse(&t, MX, whole, sizeof(whole) - 1,
	    &why));
	assert_int_equal(t.n, 2);
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_false(lookup_parse(&t, MX, whole, len, &why));
	for (size_t at = 0; at < sizeof(whole) - 1; at++)
		for (unsigned c = 0; c < 256; c++) {
			unsigned char	copy[sizeof(whole) - 1];

			memcpy(copy, whole, sizeof(copy));
			copy[at] = (unsigned char)c;
			lookup_parse(&t, MX, copy, sizeof(copy), &why);
			assert_true(t.n <= LOOKUP_MAX);
		}
}

int
main(void)
{
	enum { N = sizeof(cases) / sizeof(*cases) };
	struct CMUnitTest	tests[N + 3];
	int			failures;

	for (size_t i = 0; i < N; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
		    .test_func = looks_up,
		    .initial_state = (void *)(uintptr_t)&cases[i] };
	tests[N] = (struct CMUnitTest)cmocka_unit_test(
	    equal_priorities_are_selected_by_weight);
	tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(
	    the_best_16_of_1000_records_are_kept);
	tests[N + 2] = (struct CMUnitTest)cmocka_unit_test(
	    damaged_replies_do_not_crash);
	dns_start(&server, records, 0);
	failures = cmocka_run_group_tests(tests, NULL, NULL);
	dns_stop(&server);
	return failures;
}
