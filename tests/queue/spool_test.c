#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/commit.h"
#include "queue/health.h"
#include "queue/files.h"
#include "queue/id.h"
#include "queue/usage.h"
#include "support/skip.h"
#include "support/temp_spool.h"

static const char *const	one[] = { "b@example.org", "" };

static void
touch(int dir, const char *name, time_t time)
{
	struct timespec	times[2] = { { .tv_sec = time }, { .tv_sec = time } };
	int		fd = openat(dir, name, O_CREAT | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void
names_sort_by_age(void **state)
{
	char	ids[4][ID_SIZE];

	(void)state;
	id_make(ids[0], 1763760000000000, UINT32_MAX);
	id_make(ids[1], 1763760000000001, 0);
	id_make(ids[2], 1763760001000000, 0);
	id_make(ids[3], 4102444800000000, 0);	/* the year 2100 */
	for (int i = 0; i < 3; i++)
		assert_true(strcmp(ids[i], ids[i + 1]) < 0);
	for (int i = 0; i < 4; i++)
		assert_true(id_is_valid(ids[i]));
	assert_int_equal(id_time(ids[2]), 1763760001);
	assert_false(id_is_valid(""));
	assert_false(id_is_valid("../../etc/passw"));
	assert_false(id_is_valid("0123456789abcdef"));
}

static void
a_new_spool_is_private(void **state)
{
	static const char *const	names[] = { "queue", "failed", "tmp" };
	struct spool	spool;
	struct stat	st;

	(void)state;
	temp_spool_make(&spool, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fstatat(spool.fd, names[i], &st, 0), 0);
		assert_int_equal(st.st_mode, S_IFDIR | 0700);
	}
	temp_spool_remove(&spool);
}

static void
a_missing_spool_is_created_only_on_request(void **state)
{
	struct spool_options	options = { 0 };
	struct spool		spool, second;
	struct failure		why;
	char			path[600];

	(void)state;
	temp_spool_make(&spool, 0);
	snprintf(path, sizeof(path), "%s/tmp/new", spool.directory);
	assert_false(spool_open(&second, path, &options, &why));
	assert_int_equal(why.status, EX_OSFILE);
	options.create = true;
	assert_true(spool_open(&second, path, &options, &why));
	spool_close(&second);
	options.create = false;
	assert_true(spool_open(&second, path, &options, &why));
	spool_close(&second);
	temp_spool_remove(&spool);
}

static void
assert_refused(const char *path, const char *words)
{
	struct spool_options	options = { .create = true };
	struct spool		spool;
	struct failure		why;

	assert_false(spool_open(&spool, path, &options, &why));
	assert_int_equal(why.status, EX_CANTCREAT);
	if (strstr(why.text, words) == NULL)
		fail_msg("%s", why.text);
}

static void
directories_writable_by_others_are_refused(void **state)
{
	struct spool	spool;
	char		*path;

	(void)state;
	temp_spool_make(&spool, 0);
	path = spool.directory;
	assert_int_equal(fchmodat(spool.fd, "queue", 0770, 0), 0);
	assert_refused(path, "chmod 700");
	assert_int_equal(fchmodat(spool.fd, "queue", 0700, 0), 0);
	assert_int_equal(fchmodat(spool.fd, ".", 0777, 0), 0);
	assert_refused(path, "chmod 700");
	assert_int_equal(fchmodat(spool.fd, ".", 0700, 0), 0);
	assert_int_equal(unlinkat(spool.fd, "queue", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/tmp", spool.fd, "queue"), 0);
	assert_refused(path, "queue");
	assert_int_equal(unlinkat(spool.fd, "queue", 0), 0);
	touch(spool.fd, "queue", 0);
	assert_refused(path, "queue");
	temp_spool_remove(&spool);
}

/* Opens the spool as that user, in another process. */
static void
is_refused_to(uid_t uid, const char *path)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0) {
		if (setuid(uid) != 0)
			_exit(1);
		assert_refused(path, "it belongs to uid 0, and only that user "
		    "and root can use it; this process has uid 65534");
		_exit(0);
	}
	assert_int_not_equal(pid, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
directories_of_other_users_are_refused(void **state)
{
	struct spool	spool;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root");
	temp_spool_make(&spool, 0);
	assert_int_equal(fchownat(spool.fd, "failed", 65534, 65534, 0), 0);
	assert_refused(spool.directory, "its subdirectory failed: it belongs "
	    "to uid 65534, but the queue directory belongs to uid 0; "
	    "run: chown 0 ");
	assert_int_equal(fchownat(spool.fd, "failed", 0, 0, 0), 0);
	assert_int_equal(fchmodat(spool.fd, ".", 0755, 0), 0);
	is_refused_to(65534, spool.directory);
	temp_spool_remove(&spool);
}

static void
root_gives_new_files_to_the_owner_of_the_spool(void **state)
{
	struct spool_options	options = { .create = true,
					    .size_max = 1 << 20 };
	struct spool		spool;
	struct failure		why;
	struct stat		st;
	char			path[512], id[ID_SIZE];

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root");
	temp_spool_make(&spool, 0);
	snprintf(path, sizeof(path), "%s/tmp/foreign", spool.directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chown(path, 1234, 1235), 0);
	spool_close(&spool);
	assert_true(spool_open(&spool, path, &options, &why));
	temp_spool_put(&spool, id, one);
	assert_true(health_note_success(&spool, 5, &why));
	assert_int_equal(fstatat(spool.dir[SPOOL_QUEUE], id, &st, 0), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 1235);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_int_equal(fstatat(spool.fd, "usage", &st, 0), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(fstatat(spool.fd, "status", &st, 0), 0);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(fstat(spool.dir[SPOOL_FAILED], &st), 0);
	assert_int_equal(st.st_uid, 1234);
	*strstr(spool.directory, "/tmp/foreign") = '\0';
	temp_spool_remove(&spool);
}

static void
a_list_is_sorted_by_arrival(void **state)
{
	struct spool_totals	totals;
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;
	char			id[3][ID_SIZE];

	(void)state;
	temp_spool_make(&spool, 0);
	for (int i = 0; i < 3; i++)
		temp_spool_put(&spool, id[i], one);
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(list.n, 3);
	for (int i = 0; i < 3; i++) {
		assert_string_equal(list.item[i].name, id[i]);
		assert_int_equal(list.item[i].next, 1000);
		assert_true(list.item[i].size > 200);
	}
	assert_true(spool_count(&totals, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(totals.entries, 3);
	assert_int_equal(totals.octets, 3 * list.item[0].size);
	assert_int_equal(totals.oldest, id_time(id[0]));
	assert_int_equal(totals.next, 1000);
	spool_list_free(&list);
	assert_true(spool_list(&list, &spool, SPOOL_FAILED, &why));
	assert_int_equal(list.n, 0);
	spool_list_free(&list);
	temp_spool_remove(&spool);
}

static void
a_file_that_is_not_an_entry_is_due(void **state)
{
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;
	int			queue;

	(void)state;
	temp_spool_make(&spool, 0);
	queue = spool.dir[SPOOL_QUEUE];
	assert_int_equal(mkdirat(queue, "dir", 0700), 0);
	assert_int_equal(mkfifoat(queue, "pipe", 0600), 0);
	assert_int_equal(symlinkat("/etc/passwd", queue, "symlink"), 0);
	touch(queue, "garbage", 100);
	touch(queue, ".hidden", 100);
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	assert_int_equal(list.n, 4);
	for (size_t i = 0; i < list.n; i++)
		assert_int_equal(list.item[i].next, 0);
	spool_list_free(&list);
	temp_spool_remove(&spool);
}

static void
old_temporary_files_are_removed(void **state)
{
	struct spool	spool;
	int		tmp;

	(void)state;
	temp_spool_make(&spool, 0);
	tmp = spool.dir[SPOOL_TMP];
	touch(tmp, "old", 1000000);
	touch(tmp, "young", 1000000 + 86400);
	spool_sweep(&spool, 1000000 + 86400 + 1);
	assert_int_equal(faccessat(tmp, "old", F_OK, 0), -1);
	assert_int_equal(faccessat(tmp, "young", F_OK, 0), 0);
	temp_spool_remove(&spool);
}

static void
the_limit_applies_to_queue_and_failed(void **state)
{
	struct spool	spool;
	struct failure	why;

	(void)state;
	temp_spool_make(&spool, 1000);
	touch(spool.dir[SPOOL_FAILED], "file", 1);
	assert_true(usage_reserve(&spool, 600, 5000, &why));
	assert_true(usage_reserve(&spool, 400, 5000, &why));
	assert_false(usage_reserve(&spool, 1, 5000, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_non_null(strstr(why.text, "limit is 1000"));

	/* After a second, the spool is counted again. */
	assert_true(usage_reserve(&spool, 1000, 5001, &why));
	assert_false(usage_reserve(&spool, 1001, 9000, &why));
	assert_false(usage_reserve(&spool, UINT64_MAX, 9100, &why));
	temp_spool_remove(&spool);
}

/* Its age would overflow. */
static void
a_count_with_a_negative_time_is_not_used(void **state)
{
	static const char	usage[] = "00000000000000001000 "
				    "-9223372036854775808\n";
	struct spool		spool;
	struct failure		why;
	int			fd;

	(void)state;
	temp_spool_make(&spool, 1000);
	fd = openat(spool.fd, "usage", O_WRONLY | O_CREAT, 0600);
	assert_true(write(fd, usage, strlen(usage)) == (ssize_t)strlen(usage));
	close(fd);
	assert_true(usage_reserve(&spool, 1, 5000, &why));
	temp_spool_remove(&spool);
}

static void
an_invalid_usage_file_is_ignored(void **state)
{
	struct spool	spool;
	struct failure	why;
	struct stat	st;
	int		fd;

	(void)state;
	temp_spool_make(&spool, 1000);
	fd = openat(spool.fd, "usage", O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "99999999999999999999999 x", 25), 25);
	close(fd);
	assert_true(usage_reserve(&spool, 600, 5000, &why));
	assert_false(usage_reserve(&spool, 600, 5000, &why));
	assert_int_equal(unlinkat(spool.fd, "usage", 0), 0);
	assert_int_equal(mkdirat(spool.fd, "usage", 0700), 0);
	assert_true(usage_reserve(&spool, 600, 5000, &why));
	assert_false(usage_reserve(&spool, 1600, 5000, &why));

	/* A hard link to another file is not changed. */
	assert_int_equal(unlinkat(spool.fd, "usage", AT_REMOVEDIR), 0);
	touch(spool.fd, "victim", 1000);
	assert_int_equal(linkat(spool.fd, "victim", spool.fd, "usage", 0), 0);
	assert_true(usage_reserve(&spool, 600, 5000, &why));
	assert_int_equal(fstatat(spool.fd, "victim", &st, 0), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(st.st_mtime, 1000);
	temp_spool_remove(&spool);
}

/* No reservation may be lost. */
static void
concurrent_reservations_are_all_recorded(void **state)
{
	enum { PROCESSES = 4, EACH = 250 };
	struct spool	spool;
	struct failure	why;
	pid_t		pid[PROCESSES];
	int		status;

	(void)state;
	temp_spool_make(&spool, PROCESSES * EACH);
	for (int i = 0; i < PROCESSES; i++) {
		if ((pid[i] = fork()) != 0)
			continue;
		for (int j = 0; j < EACH; j++)
			if (!usage_reserve(&spool, 1, 5000, &why))
				_exit(1);
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_false(usage_reserve(&spool, 1, 5000, &why));
	temp_spool_remove(&spool);
}

static void
root_does_not_wait_for_the_lock_of_another_user(void **state)
{
	struct spool	spool;
	struct failure	why;
	int		fd;

	(void)state;
	if (geteuid() != 0)
		skip_because("needs root");
	temp_spool_make(&spool, 1000);
	spool.owner = spool.group = 65534;
	fd = openat(spool.fd, "usage", O_CREAT | O_RDWR, 0600);
	assert_true(files_lock(fd, false));
	assert_true(usage_reserve(&spool, 600, 5000, &why));
	close(fd);
	temp_spool_remove(&spool);
}

static void
the_last_success_and_error_are_recorded(void **state)
{
	struct health	health;
	struct spool	spool;
	struct failure	why;
	int		fd;

	(void)state;
	temp_spool_make(&spool, 0);
	health_read(&health, &spool);
	assert_int_equal(health.success, 0);
	assert_int_equal(health.error, 0);
	assert_true(health_note_success(&spool, 1000, &why));
	assert_true(health_note_error(&spool, 2000, "mx: 451 \033[2J\nno",
	    false, &why));
	health_read(&health, &spool);
	assert_int_equal(health.success, 1000);
	assert_int_equal(health.error, 2000);
	assert_int_equal(health.given_up, 0);
	assert_false(health_is_bad(&health));
	assert_string_equal(health.text, "mx: 451 \033[2J\nno");
	assert_true(health_note_success(&spool, 3000, &why));
	health_read(&health, &spool);
	assert_int_equal(health.success, 3000);
	assert_int_equal(health.error, 2000);
	assert_true(health_note_error(&spool, 4000, "mx: 550 no", true, &why));
	assert_true(health_note_error(&spool, 5000, "mx: 451 no", false,
	    &why));
	health_read(&health, &spool);
	assert_int_equal(health.success, 3000);
	assert_int_equal(health.given_up, 4000);
	assert_int_equal(health.error, 5000);
	assert_string_equal(health.text, "mx: 451 no");
	assert_true(health_is_bad(&health));
	assert_true(health_note_success(&spool, 6000, &why));
	health_read(&health, &spool);
	assert_int_equal(health.success, 6000);
	assert_false(health_is_bad(&health));
	assert_int_equal(temp_spool_count(&spool, SPOOL_TMP), 0);

	fd = openat(spool.fd, "status", O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "garbage", 7), 7);
	close(fd);
	health_read(&health, &spool);
	assert_int_equal(health.error, 0);
	assert_string_equal(health.text, "");
	temp_spool_remove(&spool);
}

static const struct CMUnitTest spool_spec[] = {
	cmocka_unit_test(names_sort_by_age),
	cmocka_unit_test(a_new_spool_is_private),
	cmocka_unit_test(a_missing_spool_is_created_only_on_request),
	cmocka_unit_test(directories_writable_by_others_are_refused),
	cmocka_unit_test(directories_of_other_users_are_refused),
	cmocka_unit_test(root_gives_new_files_to_the_owner_of_the_spool),
	cmocka_unit_test(a_list_is_sorted_by_arrival),
	cmocka_unit_test(a_file_that_is_not_an_entry_is_due),
	cmocka_unit_test(old_temporary_files_are_removed),
	cmocka_unit_test(the_limit_applies_to_queue_and_failed),
	cmocka_unit_test(a_count_with_a_negative_time_is_not_used),
	cmocka_unit_test(an_invalid_usage_file_is_ignored),
	cmocka_unit_test(concurrent_reservations_are_all_recorded),
	cmocka_unit_test(root_does_not_wait_for_the_lock_of_another_user),
	cmocka_unit_test(the_last_success_and_error_are_recorded),
};

int
main(void)
{
	return cmocka_run_group_tests(spool_spec, NULL, NULL);
}
