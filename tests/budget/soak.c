/*
 * The service for as long as a busy day: 500 callers at once, and 10,000
 * messages of 50 callers, over TLS.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/load.h"

/* The default of connections, and the share of clients that a user has. */
enum { CONNECTIONS = 4, SHARE = 100 / 4 };

enum { RSS_MAX_KB = 10 * 1024 };

static void
soak(size_t n, size_t at_once)
{
	struct load	l;
	double		seconds;

	load_open(&l, NULL);
	load_start(&l, NULL);
	seconds = load_run(&l, &(struct load_callers){ .n = n,
	    .at_once = at_once });
	load_settle(&l);
	load_check(&l, 0);
	print_message("%.0f messages a second, %zu connections at most\n",
	    (double)n / seconds, mock_smtp_most_open(l.at.host));
	assert_int_equal(l.acknowledged, n);
	assert_in_range(mock_smtp_most_open(l.at.host), 1, CONNECTIONS);
	assert_in_range(l.processes_max, 1, 2 * SHARE + CONNECTIONS + 1);
	assert_in_range(l.rss_max_kb, 1, RSS_MAX_KB);
	load_close(&l);
}

static void
five_hundred_callers_at_once(void **state)
{
	(void)state;
	soak(500, 500);
}

static void
ten_thousand_messages_of_fifty_callers(void **state)
{
	(void)state;
	soak(10000, 50);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(five_hundred_callers_at_once),
		cmocka_unit_test(ten_thousand_messages_of_fifty_callers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
