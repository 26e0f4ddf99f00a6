/* The outcomes of an attempt, and what is counted in the spool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "queue/counters.h"
#include "submit/tally.h"
#include "support/cases.h"
#include "support/temp_spool.h"

#define A	"smtp://a.example:25"
#define B	"smtp://b.example:25"

enum { OUTCOMES = 3 };

struct tally_case {
	const char	*sentence;
	struct outcome	 outcomes[OUTCOMES];
	bool		 selected[OUTCOMES];
	int		 a[3], b[3];	/* delivered, deferred, failed */
};

#define OUTCOME(what, number) \
	{ .kind = OUTCOME_##what, .smarthost = (number) }
#define ALL	{ true, true, true }

static void
expect(const struct counters *c, const char *url, const int numbers[3])
{
	assert_string_equal(c->url, url);
	assert_int_equal(c->delivered, numbers[0]);
	assert_int_equal(c->deferred, numbers[1]);
	assert_int_equal(c->failed, numbers[2]);
}

static void
counts(void **state)
{
	const struct tally_case	*c = *state;
	struct tried		 tried = { 0 };
	struct tally		 tally;
	struct counters		*list;
	struct spool		 spool;

	temp_spool_make(&spool, 0);
	assert_int_equal(tried_add(&tried, A, NULL), 1);
	assert_int_equal(tried_add(&tried, B, "u"), 2);
	assert_int_equal(tried_add(&tried, A, ""), 1);
	tried.smarthost[1].login = TRIED_LOGIN_REFUSED;
	tried.smarthost[1].certificate_expiry = 7;
	tally_count(&tally, &tried, c->outcomes, OUTCOMES, c->selected);
	tally_write(&tally, &spool);
	assert_int_equal(counters_read(&list, &spool), 2);
	expect(&list[0], A, c->a);
	expect(&list[1], B, c->b);
	assert_int_equal(list[0].login, COUNTERS_LOGIN_UNKNOWN);
	assert_int_equal(list[1].login, COUNTERS_LOGIN_REFUSED);
	assert_int_equal(list[1].certificate_expiry, 7);
	free(list);
	temp_spool_remove(&spool);
}

static const struct tally_case tallies[] = {
	{ "each outcome is counted for the smarthost that was tried last",
	    { OUTCOME(DELIVERED, 1), OUTCOME(DEFERRED, 2), OUTCOME(FAILED, 2) },
	    ALL, { 1, 0, 0 }, { 0, 1, 1 } },
	{ "an outcome for which no smarthost was tried is not counted",
	    { OUTCOME(DELIVERED, 1), OUTCOME(DEFERRED, 0), OUTCOME(FAILED, 0) },
	    ALL, { 1, 0, 0 }, { 0, 0, 0 } },
	{ "the outcome of an earlier attempt is not counted again",
	    { OUTCOME(DELIVERED, 1), OUTCOME(DEFERRED, 1), OUTCOME(FAILED, 1) },
	    { false, true, false }, { 0, 1, 0 }, { 0, 0, 0 } },
	{ "the number of an unknown smarthost is not used",
	    { OUTCOME(DELIVERED, 3), OUTCOME(DEFERRED, 4),
	    OUTCOME(FAILED, UINT32_MAX) }, ALL, { 0, 0, 0 }, { 0, 0, 0 } },
};

static void
without_a_smarthost_there_is_no_file(void **state)
{
	const struct outcome	 failed = { .kind = OUTCOME_FAILED };
	const struct tried	 none = { 0 };
	struct tally		 tally;
	struct counters		*list;
	struct spool		 spool;

	(void)state;
	temp_spool_make(&spool, 0);
	tally_count(&tally, &none, &failed, 1, NULL);
	tally_write(&tally, &spool);
	assert_int_equal(counters_read(&list, &spool), 0);
	free(list);
	temp_spool_remove(&spool);
}

static void
there_can_be_more_smarthosts_than_are_known(void **state)
{
	char		url[] = "smtp://0";
	struct tried	tried = { 0 };

	(void)state;
	for (size_t i = 0; i < TRIED_MAX; i++) {
		url[7] = (char)('a' + i);
		assert_int_equal(tried_add(&tried, url, NULL), i + 1);
	}
	assert_int_equal(tried_add(&tried, A, NULL), 0);
	assert_int_equal(tried_add(&tried, "smtp://a", NULL), 1);
	assert_int_equal(tried.n, TRIED_MAX);
}

/* A worker of the service that has been taken over can send anything. */
static void
what_another_process_sends_is_checked(void **state)
{
	struct tried	tried;

	(void)state;
	memset(&tried, 'x', sizeof(tried));
	tried_check(&tried);
	assert_int_equal(tried.n, 0);
	memset(&tried, 'x', sizeof(tried));
	tried.n = 1;
	tried_check(&tried);
	assert_int_equal(tried.n, 1);
	assert_int_equal(strlen(tried.smarthost[0].url),
	    sizeof(tried.smarthost[0].url) - 1);
	assert_int_equal(strlen(tried.smarthost[0].user),
	    sizeof(tried.smarthost[0].user) - 1);
	assert_int_equal(tried.smarthost[0].login, TRIED_LOGIN_NONE);
}

static const struct CMUnitTest limits[] = {
	cmocka_unit_test(without_a_smarthost_there_is_no_file),
	cmocka_unit_test(there_can_be_more_smarthosts_than_are_known),
	cmocka_unit_test(what_another_process_sends_is_checked),
};

int
main(void)
{
	return CASES_RUN("tally_count", counts, tallies) +
	    cmocka_run_group_tests(limits, NULL, NULL);
}
