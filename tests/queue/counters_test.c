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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/counters.h"
#include "queue/files.h"
#include "support/temp_spool.h"

enum { NOW = 1763760000 };

static const struct counters	one = { .url = "smtp://mail.example.org:25",
				    .user = "u", .delivered = 1 };

/* Returns the only record. */
static struct counters
only(struct spool *spool)
{
	struct counters	*list, c;

	assert_int_equal(counters_read(&list, spool), 1);
	c = *list;
	free(list);
	return c;
}

static void
expect_none(struct spool *spool)
{
	struct counters	*list;

	assert_int_equal(counters_read(&list, spool), 0);
	free(list);
}

static void
outcomes_are_added(void **state)
{
	struct counters	more = { .deferred = 2, .failed = 3 }, c;
	struct spool	spool;
	struct stat	st;

	(void)state;
	temp_spool_make(&spool, 0);
	expect_none(&spool);
	assert_int_equal(fstatat(spool.fd, "counters", &st, 0), -1);
	counters_add(&spool, &one, 1, NOW);
	strlcpy(more.url, one.url, sizeof(more.url));
	strlcpy(more.user, one.user, sizeof(more.user));
	counters_add(&spool, &more, 1, NOW + 5);
	c = only(&spool);
	assert_string_equal(c.url, one.url);
	assert_string_equal(c.user, "u");
	assert_int_equal(c.since, NOW);
	assert_int_equal(c.delivered, 1);
	assert_int_equal(c.deferred, 2);
	assert_int_equal(c.failed, 3);
	assert_int_equal(c.last_success, NOW);
	assert_int_equal(c.last_attempt, NOW + 5);
	assert_int_equal(c.login, COUNTERS_LOGIN_UNKNOWN);
	assert_int_equal(c.certificate_expiry, 0);
	assert_int_equal(fstatat(spool.fd, "counters", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	temp_spool_remove(&spool);
}

static void
the_last_login_and_certificate_are_kept(void **state)
{
	struct counters	more = one, c;
	struct spool	spool;

	(void)state;
	temp_spool_make(&spool, 0);
	more.login = COUNTERS_LOGIN_ACCEPTED;
	more.certificate_expiry = 7;
	counters_add(&spool, &more, 1, NOW);
	counters_add(&spool, &one, 1, NOW);
	c = only(&spool);
	assert_int_equal(c.login, COUNTERS_LOGIN_ACCEPTED);
	assert_int_equal(c.certificate_expiry, 7);
	more.login = COUNTERS_LOGIN_REFUSED;
	more.certificate_expiry = 6;
	counters_add(&spool, &more, 1, NOW);
	c = only(&spool);
	assert_int_equal(c.login, COUNTERS_LOGIN_REFUSED);
	assert_int_equal(c.certificate_expiry, 6);
	temp_spool_remove(&spool);
}

static void
each_login_has_a_record(void **state)
{
	struct counters	more[3] = { one, one, one }, *list;
	struct spool	spool;

	(void)state;
	temp_spool_make(&spool, 0);
	strlcpy(more[1].user, "", sizeof(more[1].user));
	strlcpy(more[2].url, "smtp://b:25", sizeof(more[2].url));
	counters_add(&spool, more, 3, NOW);
	counters_add(&spool, &more[1], 2, NOW);
	assert_int_equal(counters_read(&list, &spool), 3);
	assert_string_equal(list[0].user, "u");
	assert_int_equal(list[0].delivered, 1);
	assert_string_equal(list[1].user, "");
	assert_int_equal(list[1].delivered, 2);
	assert_string_equal(list[2].url, "smtp://b:25");
	assert_int_equal(list[2].delivered, 2);
	free(list);
	temp_spool_remove(&spool);
}

static void
the_oldest_record_is_replaced(void **state)
{
	struct counters	more = one, *list;
	struct spool	spool;
	bool		found = false;

	(void)state;
	temp_spool_make(&spool, 0);
	for (int i = 0; i < COUNTERS_MAX; i++) {
		snprintf(more.url, sizeof(more.url), "smtp://h%d:25", i);
		counters_add(&spool, &more, 1, NOW + (i == 7 ? -1 : i));
	}
	counters_add(&spool, &one, 1, NOW);
	assert_int_equal(counters_read(&list, &spool), COUNTERS_MAX);
	for (int i = 0; i < COUNTERS_MAX; i++) {
		assert_string_not_equal(list[i].url, "smtp://h7:25");
		found |= strcmp(list[i].url, one.url) == 0;
	}
	assert_true(found);
	free(list);
	temp_spool_remove(&spool);
}

/* Some of the processes are killed: each has counted up to some point. */
static void
processes_do_not_lose_counts(void **state)
{
	enum { PROCESSES = 4, TIMES = 200, SKIP = 20 };
	bool		kill_one = *state != NULL;
	struct spool	spool;
	pid_t		pid[PROCESSES];
	int		status, ready[2];
	struct counters	c;

	temp_spool_make(&spool, 0);
	assert_int_equal(pipe(ready), 0);
	for (int i = 0; i < PROCESSES; i++) {
		pid[i] = fork();
		if (pid[i] != 0)
			continue;
		for (int j = 0; j < TIMES || (kill_one && i == 0); j++) {
			counters_add(&spool, &one, 1, NOW);
			if (i == 0 && j == SKIP)
				status = (int)write(ready[1], "", 1);
		}
		_exit(0);
	}
	assert_int_equal(read(ready[0], &status, 1), 1);
	if (kill_one)
		kill(pid[0], SIGKILL);
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, kill_one && i == 0 ? SIGKILL : 0);
	}
	close(ready[0]);
	close(ready[1]);
	c = only(&spool);
	if (kill_one)
		assert_true(c.delivered > (PROCESSES - 1) * TIMES + SKIP);
	else
		assert_int_equal(c.delivered, PROCESSES * TIMES);
	temp_spool_remove(&spool);
}

static void
put_file(const struct spool *spool, const void *data, size_t len)
{
	int	fd = openat(spool->fd, "counters", O_WRONLY | O_CREAT |
		    O_TRUNC, 0600);

	assert_true(fd != -1);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

/* Changes a valid record, which must not be used afterwards. */
static void
an_invalid_record_is_replaced(void **state)
{
	void	      (*spoil)(struct counters *) =
			    *(void (**)(struct counters *))*state;
	struct counters	record[2];
	struct spool	spool;

	temp_spool_make(&spool, 0);
	counters_add(&spool, &one, 1, NOW);
	record[0] = record[1] = only(&spool);
	spoil(&record[0]);
	put_file(&spool, record, sizeof(record));
	assert_string_equal(only(&spool).url, one.url);
	strlcpy(record[1].url, "smtp://b:25", sizeof(record[1].url));
	counters_add(&spool, &record[1], 1, NOW);
	put_file(&spool, record, sizeof(record[0]));
	expect_none(&spool);
	counters_add(&spool, &one, 1, NOW);
	assert_int_equal(only(&spool).delivered, 1);
	temp_spool_remove(&spool);
}

static void spoil_zero(struct counters *c) { memset(c, 0, sizeof(*c)); }
static void spoil_mark(struct counters *c) { c->mark[0] = 'x'; }
static void spoil_url(struct counters *c) { memset(c->url, 'x', 280); }
static void spoil_user(struct counters *c) { memset(c->user, 'x', 160); }
static void spoil_sign(struct counters *c) { c->failed = -1; }
static void spoil_large(struct counters *c) { c->delivered = INT64_MAX; }
static void spoil_sum(struct counters *c) { c->failed = INT64_MAX / 4; }
static void spoil_time(struct counters *c) { c->last_attempt = INT64_MIN; }

static void
a_truncated_file_is_continued(void **state)
{
	struct spool	spool;

	(void)state;
	temp_spool_make(&spool, 0);
	put_file(&spool, "relais1", 8);
	expect_none(&spool);
	counters_add(&spool, &one, 1, NOW);
	assert_int_equal(only(&spool).delivered, 1);
	temp_spool_remove(&spool);
}

/* The limit on the size of files takes the place of a full disk. */
static void
nothing_is_counted_if_the_disk_is_full(void **state)
{
	struct rlimit	before, none;
	struct spool	spool;

	(void)state;
	temp_spool_make(&spool, 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	counters_add(&spool, &one, 1, NOW);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	expect_none(&spool);
	counters_add(&spool, &one, 1, NOW);
	assert_int_equal(only(&spool).delivered, 1);
	temp_spool_remove(&spool);
}

static void
only_a_file_with_one_name_is_used(void **state)
{
	const char	*kind = *state;
	struct spool	 spool;
	struct stat	 st;

	temp_spool_make(&spool, 0);
	counters_add(&spool, &one, 1, NOW);
	assert_int_equal(renameat(spool.fd, "counters", spool.fd, "other"), 0);
	if (strcmp(kind, "symbolic link") == 0)
		assert_int_equal(symlinkat("other", spool.fd, "counters"), 0);
	else if (strcmp(kind, "hard link") == 0)
		assert_int_equal(linkat(spool.fd, "other", spool.fd,
		    "counters", 0), 0);
	else
		assert_int_equal(mkfifoat(spool.fd, "counters", 0600), 0);
	counters_add(&spool, &one, 1, NOW);
	expect_none(&spool);
	assert_int_equal(fstatat(spool.fd, "other", &st, 0), 0);
	assert_int_equal(st.st_size, sizeof(struct counters));
	temp_spool_remove(&spool);
}

#define REPLACES(sentence, spoil) \
	{ sentence, an_invalid_record_is_replaced, NULL, NULL, \
	    &(void (*)(struct counters *)){ spoil } }
#define IGNORES(kind) \
	{ "a " kind " is not used", only_a_file_with_one_name_is_used, \
	    NULL, NULL, kind }

static const struct CMUnitTest counters_spec[] = {
	cmocka_unit_test(outcomes_are_added),
	cmocka_unit_test(the_last_login_and_certificate_are_kept),
	cmocka_unit_test(each_login_has_a_record),
	cmocka_unit_test(the_oldest_record_is_replaced),
	{ "processes that count at the same time do not lose a count",
	    processes_do_not_lose_counts, NULL, NULL, NULL },
	{ "a process that is killed does not affect the counts of others",
	    processes_do_not_lose_counts, NULL, NULL, (void *)(uintptr_t)"" },
	REPLACES("a record of zeros is replaced", spoil_zero),
	REPLACES("a record of another format is replaced", spoil_mark),
	REPLACES("a URL without an end is replaced", spoil_url),
	REPLACES("a user without an end is replaced", spoil_user),
	REPLACES("a negative number is replaced", spoil_sign),
	REPLACES("a number that is too large is replaced", spoil_large),
	REPLACES("a number whose sum with others can overflow is replaced",
	    spoil_sum),
	REPLACES("a time before 1970 is replaced", spoil_time),
	cmocka_unit_test(a_truncated_file_is_continued),
	cmocka_unit_test(nothing_is_counted_if_the_disk_is_full),
	IGNORES("symbolic link"),
	IGNORES("hard link"),
	IGNORES("named pipe"),
};

int
main(void)
{
	return cmocka_run_group_tests(counters_spec, NULL, NULL);
}
