#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/storm.h"
#include "support/cases.h"
#include "support/temp_spool.h"

enum { NOW = 1763760000, HOUR = 60 * 60, STEPS = 6, PATHS = 3 };

/* Messages at given times, with a limit of two in an hour. */
struct count_case {
	const char	*sentence;
	struct {
		int64_t		 at;		/* after NOW */
		const char	*key;
		uint32_t	 uid;
		int64_t		 until;		/* expected, after NOW; 0: is
						 * sent */
	} step[STEPS];
};

static const struct count_case	counts[] = {
	{ "the third message of two in an hour is beyond the limit", {
	    { 0, "a", 1, 0 }, { 10, "a", 1, 0 }, { 20, "a", 1, HOUR },
	    { HOUR - 1, "a", 1, HOUR } } },
	{ "the hour begins with the first message", {
	    { 100, "a", 1, 0 }, { 200, "a", 1, 0 },
	    { HOUR + 99, "a", 1, HOUR + 100 } } },
	{ "after an hour, messages are counted from 1 again", {
	    { 0, "a", 1, 0 }, { 1, "a", 1, 0 }, { 2, "a", 1, HOUR },
	    { HOUR, "a", 1, 0 }, { HOUR + 1, "a", 1, 0 },
	    { HOUR + 2, "a", 1, 2 * HOUR } } },
	{ "groups are counted separately", {
	    { 0, "a", 1, 0 }, { 1, "a", 1, 0 }, { 2, "b", 1, 0 },
	    { 3, "b", 1, 0 }, { 4, "a", 1, HOUR }, { 5, "b", 1, HOUR + 2 } } },
	{ "users are counted separately, even with the same key", {
	    { 0, "a", 1, 0 }, { 1, "a", 1, 0 }, { 2, "a", 2, 0 },
	    { 3, "a", 1, HOUR } } },
	{ "after the clock was set back, messages are counted from 1 again", {
	    { 0, "a", 1, 0 }, { 1, "a", 1, 0 }, { 2, "a", 1, HOUR },
	    { -9 * HOUR, "a", 1, 0 } } },
};

static void
count_is(void **state)
{
	const struct count_case	*c = *state;
	struct spool		 spool;

	temp_spool_make(&spool, 0);
	for (size_t i = 0; i < STEPS && c->step[i].key != NULL; i++) {
		struct storm_message	m = { .uid = c->step[i].uid,
					    .key = c->step[i].key,
					    .limit = 2, .period = HOUR };
		int64_t			until;
		struct failure		why;

		if (!storm_count(&spool, &m, NOW + c->step[i].at, &until,
		    &why))
			fail_msg("%s", why.text);
		assert_int_equal(until != 0 ? until - NOW : 0,
		    c->step[i].until);
	}
	temp_spool_remove(&spool);
}

struct key_case {
	const char	*sentence;
	struct {
		uint32_t	 uid;
		const char	*from;
		const char	*to[PATHS];
		bool		 failed[PATHS];
	} message[2];
	bool		 same;
};

static const struct key_case	keys[] = {
	{ "the order of recipients and the case of domains do not matter", {
	    { 1, "a@x", { "b@x", "c@x" }, { 0 } },
	    { 1, "a@x", { "c@X", "b@x" }, { 0 } } }, true },
	{ "the case of a local part matters", {
	    { 1, "a@x", { "b@x" }, { 0 } }, { 1, "a@x", { "B@x" }, { 0 } } },
	    false },
	{ "an additional recipient is another group", {
	    { 1, "a@x", { "b@x" }, { 0 } },
	    { 1, "a@x", { "b@x", "c@x" }, { 0 } } }, false },
	{ "a recipient that has failed is not in the group", {
	    { 1, "a@x", { "b@x" }, { 0 } },
	    { 1, "a@x", { "no", "b@x" }, { true } } }, true },
	{ "another sender is another group", {
	    { 1, "a@x", { "b@x" }, { 0 } }, { 1, "c@x", { "b@x" }, { 0 } } },
	    false },
	{ "another user is another group", {
	    { 1, "a@x", { "b@x" }, { 0 } }, { 2, "a@x", { "b@x" }, { 0 } } },
	    false },
};

static void
key_is(void **state)
{
	const struct key_case	*c = *state;
	struct buffer		 key[2] = { 0 };

	for (size_t i = 0; i < 2; i++) {
		struct outcome	outcomes[PATHS] = { 0 };
		struct envelope	env = { 0 };

		envelope_set_reverse(&env, c->message[i].from);
		for (size_t k = 0; k < PATHS && c->message[i].to[k] != NULL;
		    k++) {
			envelope_add(&env, c->message[i].to[k]);
			if (c->message[i].failed[k])
				outcomes[k].kind = OUTCOME_FAILED;
		}
		storm_key(&key[i], c->message[i].uid, &env, outcomes);
		envelope_free(&env);
	}
	assert_int_equal(strcmp(key[0].data, key[1].data) == 0, c->same);
	buffer_free(&key[0]);
	buffer_free(&key[1]);
}

/* One message in an hour. */
static const struct storm_message	one = { .uid = 1, .key = "a",
	.limit = 1, .period = HOUR };

static void
twenty_processes_lose_no_message(void **state)
{
	enum { CALLERS = 20, EACH = 10 };
	struct storm_message	m = { .uid = 1, .key = "a",
				    .limit = CALLERS * EACH, .period = HOUR };
	struct spool		spool;
	struct failure		why;
	int64_t			until;
	int			status;

	(void)state;
	temp_spool_make(&spool, 0);
	for (int i = 0; i < CALLERS; i++) {
		pid_t	pid = fork();

		assert_true(pid != -1);
		if (pid != 0)
			continue;
		for (int k = 0; k < EACH; k++)
			if (!storm_count(&spool, &m, NOW, &until, &why) ||
			    until != 0)
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < CALLERS; i++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_true(storm_count(&spool, &m, NOW, &until, &why));
	assert_int_equal(until, NOW + HOUR);
	temp_spool_remove(&spool);
}

static void
the_file_does_not_grow(void **state)
{
	struct storm_message	m = { .uid = 1, .limit = 1, .period = HOUR };
	struct spool		spool;
	struct stat		st;
	struct failure		why;
	int64_t			until;
	char			key[20];

	(void)state;
	temp_spool_make(&spool, 0);
	assert_false(storm_was_used(&spool));
	m.key = key;
	for (int i = 0; i < 20000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		assert_true(storm_count(&spool, &m, NOW + i, &until, &why));
		assert_int_equal(until, 0);
	}
	/* The last group has its place. */
	assert_true(storm_count(&spool, &m, NOW + 20000, &until, &why));
	assert_true(until != 0);
	assert_int_equal(fstatat(spool.fd, "storm", &st, 0), 0);
	assert_true(st.st_size <= 128 * 1024);
	assert_true(storm_was_used(&spool));
	temp_spool_remove(&spool);
}

static void
a_message_that_cannot_be_counted_is_not_beyond_the_limit(void **state)
{
	struct rlimit		before, none;
	struct spool		spool;
	struct failure		why;
	int64_t			until;
	bool			good;

	(void)state;
	temp_spool_make(&spool, 0);
	assert_true(storm_count(&spool, &one, NOW, &until, &why));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	good = storm_count(&spool, &one, NOW, &until, &why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_false(good);
	assert_non_null(strstr(why.text, "/storm: File too large"));
	assert_int_equal(until, 0);
	temp_spool_remove(&spool);
}

static void
another_kind_of_file_is_an_error(void **state)
{
	struct spool		spool;
	struct failure		why;
	int64_t			until;

	(void)state;
	temp_spool_make(&spool, 0);
	assert_int_equal(symlinkat("/etc/passwd", spool.fd, "storm"), 0);
	assert_false(storm_count(&spool, &one, NOW, &until, &why));
	assert_int_equal(until, 0);
	assert_non_null(strstr(why.text, "/storm: "));
	temp_spool_remove(&spool);
}

static void
a_file_with_another_name_is_an_error(void **state)
{
	struct spool		spool;
	struct failure		why;
	int64_t			until;

	(void)state;
	temp_spool_make(&spool, 0);
	assert_true(storm_count(&spool, &one, NOW, &until, &why));
	assert_int_equal(linkat(spool.fd, "storm", spool.fd, "other", 0), 0);
	assert_false(storm_count(&spool, &one, NOW, &until, &why));
	assert_int_equal(until, 0);
	assert_non_null(strstr(why.text, "/storm: Operation not permitted"));
	temp_spool_remove(&spool);
}

static void
a_time_that_is_out_of_range_is_not_used(void **state)
{
	const int64_t		since = NOW, wrong = INT64_MIN;
	struct spool		spool;
	struct failure		why;
	int64_t			until, found;
	off_t			at = 0;
	int			fd;

	(void)state;
	temp_spool_make(&spool, 0);
	assert_true(storm_count(&spool, &one, since, &until, &why));
	fd = openat(spool.fd, "storm", O_RDWR);
	do
		assert_int_equal(pread(fd, &found, sizeof(found), at),
		    sizeof(found));
	while (found != since && (at += sizeof(found)) != 0);
	assert_int_equal(pwrite(fd, &wrong, sizeof(wrong), at), sizeof(wrong));
	close(fd);
	assert_true(storm_count(&spool, &one, NOW, &until, &why));
	assert_int_equal(until, 0);
	temp_spool_remove(&spool);
}

int
main(void)
{
	static const struct CMUnitTest	file[] = {
		cmocka_unit_test(twenty_processes_lose_no_message),
		cmocka_unit_test(the_file_does_not_grow),
		cmocka_unit_test(
	    a_message_that_cannot_be_counted_is_not_beyond_the_limit),
	cmocka_unit_test(another_kind_of_file_is_an_error),
		cmocka_unit_test(a_file_with_another_name_is_an_error),
		cmocka_unit_test(a_time_that_is_out_of_range_is_not_used),
	};

	return CASES_RUN("counts", count_is, counts) +
	    CASES_RUN("groups", key_is, keys) +
	    cmocka_run_group_tests_name("the file", file, NULL, NULL);
}
