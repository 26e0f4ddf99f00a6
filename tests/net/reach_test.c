/*
 * Connections to each address, with a source address, and to other ports.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "net/reach.h"
#include "support/cases.h"
#include "support/mock_smtp.h"

struct reach_case {
	const char	*sentence;
	const char	*address;	/* of the server */
	const char	*source;	/* or NULL */
	bool		 refusing;
	bool		 black_hole;
	int		 error;		/* 0: connected */
	bool		 no_source;
};

static const struct reach_case reach_cases[] = {
	{ "a server is reached", .address = "127.0.0.1" },
	{ "a server is reached from an address", .address = "127.0.0.1",
	    .source = "127.0.0.2" },
	{ "a server is reached from an IPv6 address", .address = "::1",
	    .source = "::1" },
	{ "a port that is closed", .address = "127.0.0.1", .refusing = true,
	    .error = ECONNREFUSED },
	{ "a server that does not reply", .address = "127.0.0.1",
	    .black_hole = true, .error = ETIMEDOUT },
	{ "a source address of another machine", .address = "127.0.0.1",
	    .source = "192.0.2.1", .error = EADDRNOTAVAIL,
	    .no_source = true },
};

static void
is_reached(void **state)
{
	const struct reach_case	*c = *state;
	struct script		 script = { .address = c->address,
				    .refusing = c->refusing,
				    .black_hole = c->black_hole };
	struct mock_smtp	*host = mock_smtp_start(&script);
	struct endpoint		 where = { .host = c->address,
				    .port = host->port };
	struct connect_options	 how = { .family = AF_UNSPEC,
				    .source = c->source,
				    .timeout_ms = c->black_hole ? 100 :
				    10 * 1000 };
	struct reach		 r;
	struct failure		 why;

	if (!reach_resolve(&r, &where, &how, &why))
		fail_msg("%s", why.text);
	assert_int_equal(r.n, 1);
	assert_string_equal(r.attempt[0].address, c->address);
	/* The same port once more, as another attempt. */
	reach_add_port(&r, &r.attempt[0], host->port);
	assert_int_equal(r.n, 2);
	reach_connect(&r, &how);
	for (size_t i = 0; i < r.n; i++) {
		assert_int_equal(r.attempt[i].fd == -1, c->error != 0);
		assert_int_equal(r.attempt[i].port, host->port);
		assert_int_equal(r.attempt[i].error, c->error);
		assert_int_equal(r.attempt[i].no_source, c->no_source);
		assert_true(r.attempt[i].ms >= (c->black_hole ? 100 : 0));
	}
	reach_close(&r);
	mock_smtp_stop(host);
}

static void
the_number_of_attempts_is_limited(void **state)
{
	struct endpoint		where = { .host = "127.0.0.1", .port = 1 };
	struct connect_options	how = { .family = AF_UNSPEC };
	struct reach		r;
	struct failure		why;

	(void)state;
	assert_true(reach_resolve(&r, &where, &how, &why));
	for (uint16_t i = 0; i < 2 * REACH_MAX; i++)
		reach_add_port(&r, &r.attempt[0], i);
	assert_int_equal(r.n, REACH_MAX);
	reach_close(&r);
}

int
main(void)
{
	static const struct CMUnitTest	more[] = {
		cmocka_unit_test(the_number_of_attempts_is_limited),
	};

	return CASES_RUN("addresses", is_reached, reach_cases) +
	    cmocka_run_group_tests_name("ports", more, NULL, NULL);
}
