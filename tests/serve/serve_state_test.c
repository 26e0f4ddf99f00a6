/*
 * A process that cannot be started is logged, but not with each event.
 */
#include <sys/resource.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "serve/serve_state.h"
#include "support/temp_dir.h"
#include "util/clock.h"

static size_t
count_lines(const char *path, const char *words)
{
	struct buffer	text = { 0 };
	size_t		n = 0;

	file_read(&text, path);
	for (const char *at = text.data; (at = strstr(at, words)) != NULL; n++)
		at += strlen(words);
	buffer_free(&text);
	return n;
}

/* The channel cannot be opened, because no descriptor is left. */
static void
cannot_fork(struct serve_state *s)
{
	struct rlimit	before, none;
	int		channel;
	pid_t		pid;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 3, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	pid = serve_state_fork(s, &channel);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(pid, -1);
	assert_int_equal(channel, -1);
}

static void
a_lack_of_processes_is_logged_once_a_minute(void **state)
{
	static const char	words[] = "cannot start a process: Too many "
				    "open files";
	struct temp_dir		dir;
	struct log		log;
	struct failure		why;
	struct serve_options	options = { .log = &log };
	struct serve_state	s = { .options = &options, .signals = -1,
				    .seats = -1, .notify.fd = -1 };
	const char		*path;

	(void)state;
	temp_dir_make(&dir);
	path = temp_dir_write(&dir, "log", 0600, "");
	log_open(&log, &(struct log_options){ .target = path, .tag = "test" });
	assert_true(log_prepare(&log, &why));
	for (int i = 0; i < 3; i++)
		cannot_fork(&s);
	assert_int_equal(count_lines(path, words), 1);
	s.fork_logged = clock_ms() - 60 * 1000;
	cannot_fork(&s);
	cannot_fork(&s);
	assert_int_equal(count_lines(path, words), 2);
	log_close(&log);
	temp_dir_remove(&dir);
}

int
main(void)
{
	static const struct CMUnitTest	spec[] = {
		cmocka_unit_test(a_lack_of_processes_is_logged_once_a_minute),
	};

	return cmocka_run_group_tests(spec, NULL, NULL);
}
