/*
 * A log file is created, appended to and rotated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/temp_dir.h"
#include "util/log_file.h"

struct log_fixture {
	struct temp_dir	dir;
	char		path[100];
	char		renamed[100];
	struct log_file	file;
};

static int
set_up(void **state)
{
	static struct log_fixture	f;

	temp_dir_make(&f.dir);
	strlcpy(f.path, temp_dir_path(&f.dir, "log"), sizeof(f.path));
	strlcpy(f.renamed, temp_dir_path(&f.dir, "log.1"), sizeof(f.renamed));
	log_file_begin(&f.file, f.path);
	*state = &f;
	return 0;
}

static int
tear_down(void **state)
{
	struct log_fixture	*f = *state;

	log_file_end(&f->file);
	temp_dir_remove(&f->dir);
	return 0;
}

static bool
add(struct log_fixture *f, const char *line)
{
	struct failure	why;

	return log_file_open(&f->file, &why) &&
	    log_file_write(&f->file, line, strlen(line));
}

static void
contains(const char *path, const char *expected)
{
	struct buffer	text = { 0 };

	file_read(&text, path);
	assert_string_equal(text.data, expected);
	buffer_free(&text);
}

static void
lines_are_appended(void **state)
{
	struct log_fixture	*f = *state;

	temp_dir_write(&f->dir, "log", 0600, "before\n");
	assert_true(add(f, "one\n"));
	assert_true(add(f, "two\n"));
	contains(f->path, "before\none\ntwo\n");
}

static void
a_renamed_file_is_created_again(void **state)
{
	struct log_fixture	*f = *state;

	assert_true(add(f, "one\n"));
	assert_true(log_file_is_current(&f->file));
	assert_int_equal(rename(f->path, f->renamed), 0);
	assert_false(log_file_is_current(&f->file));
	assert_true(add(f, "two\n"));
	assert_true(log_file_is_current(&f->file));
	contains(f->renamed, "one\n");
	contains(f->path, "two\n");
}

static void
a_removed_file_is_created_again(void **state)
{
	struct log_fixture	*f = *state;

	assert_true(add(f, "one\n"));
	assert_int_equal(unlink(f->path), 0);
	assert_true(add(f, "two\n"));
	contains(f->path, "two\n");
}

/* As logrotate does with copytruncate. */
static void
a_truncated_file_is_appended_to(void **state)
{
	struct log_fixture	*f = *state;

	assert_true(add(f, "one\n"));
	assert_int_equal(truncate(f->path, 0), 0);
	assert_true(add(f, "two\n"));
	contains(f->path, "two\n");
}

/* The link is not followed, as if the sandbox prevented the creation. */
static void
the_renamed_file_is_used_while_it_exists(void **state)
{
	struct log_fixture	*f = *state;
	struct failure		 why;

	assert_true(add(f, "one\n"));
	assert_int_equal(rename(f->path, f->renamed), 0);
	assert_int_equal(symlink("nowhere", f->path), 0);
	assert_true(add(f, "two\n"));
	contains(f->renamed, "one\ntwo\n");
	assert_int_equal(unlink(f->renamed), 0);
	assert_false(log_file_open(&f->file, &why));
}

static void
a_torn_line_is_ended(void **state)
{
	struct log_fixture	*f = *state;
	struct rlimit		 before, limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 6;
	assert_true(add(f, "one\n"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_false(add(f, "two\n"));
	assert_false(add(f, "three\n"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(add(f, "four\n"));
	assert_true(add(f, "five\n"));
	contains(f->path, "one\ntw\nfour\nfive\n");
}

static void
refuses(struct log_fixture *f, int status, const char *reason)
{
	struct failure	why;

	assert_false(log_file_open(&f->file, &why));
	assert_int_equal(why.status, status);
	assert_non_null(strstr(why.text, f->path));
	if (strstr(why.text, reason) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", reason, why.text);
}

static void
a_symbolic_link_is_refused(void **state)
{
	struct log_fixture	*f = *state;

	assert_int_equal(symlink(f->renamed, f->path), 0);
	refuses(f, EX_CANTCREAT, ": it is a symbolic link");
	assert_int_equal(access(f->renamed, F_OK), -1);
}

static void
a_fifo_with_a_reader_is_refused(void **state)
{
	struct log_fixture	*f = *state;
	int			 reader;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	reader = open(f->path, O_RDONLY | O_NONBLOCK);
	refuses(f, EX_CANTCREAT, ": it is not a regular file");
	close(reader);
}

static void
a_fifo_without_a_reader_is_refused(void **state)
{
	struct log_fixture	*f = *state;

	assert_int_equal(mkfifo(f->path, 0600), 0);
	refuses(f, EX_CANTCREAT, "");
}

static void
a_missing_directory_is_reported(void **state)
{
	struct log_fixture	*f = *state;

	log_file_end(&f->file);
	strlcpy(f->path, temp_dir_path(&f->dir, "missing/log"),
	    sizeof(f->path));
	log_file_begin(&f->file, f->path);
	refuses(f, EX_CANTCREAT, ": No such file or directory");
}

#define EACH(test)	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static const struct CMUnitTest file_spec[] = {
	EACH(lines_are_appended),
	EACH(a_renamed_file_is_created_again),
	EACH(a_removed_file_is_created_again),
	EACH(a_truncated_file_is_appended_to),
	EACH(the_renamed_file_is_used_while_it_exists),
	EACH(a_torn_line_is_ended),
	EACH(a_symbolic_link_is_refused),
	EACH(a_fifo_with_a_reader_is_refused),
	EACH(a_fifo_without_a_reader_is_refused),
	EACH(a_missing_directory_is_reported),
};

int
main(void)
{
	return cmocka_run_group_tests(file_spec, NULL, NULL);
}
