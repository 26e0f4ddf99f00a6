/*
 * The log on standard error does not wait for a reader that does not read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "util/log.h"

/* A descriptor that replaces standard error, and its reader. */
struct sink {
	int	reader;
	int	before;		/* the previous standard error */
};

static void
open_sink(struct sink *s, const int ends[2])
{
	s->reader = ends[0];
	s->before = dup(STDERR_FILENO);
	assert_int_not_equal(s->before, -1);
	assert_int_not_equal(dup2(ends[1], STDERR_FILENO), -1);
	close(ends[1]);
	alarm(20);		/* if the log waits */
}

static void
close_sink(struct sink *s)
{
	alarm(0);
	dup2(s->before, STDERR_FILENO);
	close(s->before);
	close(s->reader);
}

/* Fills the sink, and then sets it to blocking mode again. */
static void
fill_sink(void)
{
	static const char	block[1024];
	int			flags = fcntl(STDERR_FILENO, F_GETFL);

	assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK), 0);
	while (write(STDERR_FILENO, block, sizeof(block)) > 0)
		continue;
	while (write(STDERR_FILENO, block, 1) > 0)
		continue;
	assert_int_equal(fcntl(STDERR_FILENO, F_SETFL, flags), 0);
}

/* Reads the content of the sink, without the octets of fill_sink(). */
static void
read_sink(const struct sink *s, char *text, size_t size)
{
	char	block[4096];
	size_t	len = 0;
	ssize_t	n;

	fcntl(s->reader, F_SETFL, O_NONBLOCK);
	while ((n = read(s->reader, block, sizeof(block))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (block[i] != '\0' && len < size - 1)
				text[len++] = block[i];
	text[len] = '\0';
}

static void
check_sink(const int ends[2])
{
	struct sink	s;
	struct log	log;
	char		text[1024];
	int		flags, flags_after;

	open_sink(&s, ends);
	log_open(&log, &(struct log_options){ .target = "stderr",
	    .tag = "me" });
	log_line(&log, LOG_INFO, "one");
	fill_sink();
	flags = fcntl(STDERR_FILENO, F_GETFL);
	log_line(&log, LOG_INFO, "two");
	log_line(&log, LOG_INFO, "three");
	read_sink(&s, text, sizeof(text));
	log_line(&log, LOG_INFO, "four");
	log_line(&log, LOG_INFO, "five");
	read_sink(&s, text + strlen(text), sizeof(text) - strlen(text));
	flags_after = fcntl(STDERR_FILENO, F_GETFL);
	log_close(&log);
	close_sink(&s);
	/* O_NONBLOCK would affect other processes. */
	assert_int_equal(flags_after, flags);
	assert_string_equal(text, "me: one\nme: log lines dropped because the "
	    "log was not ready: 2\nme: four\nme: five\n");
}

static void
lines_to_a_full_pipe_are_dropped(void **state)
{
	int	ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	check_sink(ends);
}

static void
lines_to_a_full_socket_are_dropped(void **state)
{
	int	ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	check_sink(ends);
}

/* The count is an object as well. */
static void
the_number_of_dropped_json_lines_is_json(void **state)
{
	int		ends[2];
	struct sink	s;
	struct log	log;
	char		text[1024];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	open_sink(&s, ends);
	log_open(&log, &(struct log_options){ .target = "json", .tag = "me" });
	fill_sink();
	log_line(&log, LOG_INFO, "one");
	read_sink(&s, text, sizeof(text));
	assert_string_equal(text, "");
	log_line(&log, LOG_INFO, "two");
	read_sink(&s, text, sizeof(text));
	log_close(&log);
	close_sink(&s);
	assert_memory_equal(text, "{\"time\":\"", 9);
	assert_non_null(strstr(text, "\"message\":\"log lines dropped because "
	    "the log was not ready: 1\"}\n{\"time\":\""));
	assert_non_null(strstr(text, "\"message\":\"two\"}\n"));
}

static void
all_lines_are_written_to_a_file(void **state)
{
	char		path[] = "/tmp/relais-test.XXXXXX", text[1024];
	int		ends[2];
	struct sink	s;
	struct log	log;

	(void)state;
	ends[1] = mkstemp(path);
	ends[0] = open(path, O_RDONLY);
	assert_true(ends[0] != -1 && ends[1] != -1);
	unlink(path);
	open_sink(&s, ends);
	log_open(&log, &(struct log_options){ .target = "stderr",
	    .tag = "me" });
	log_line(&log, LOG_INFO, "%s", "one");
	log_line(&log, LOG_INFO, "%s", "two");
	log_close(&log);
	read_sink(&s, text, sizeof(text));
	close_sink(&s);
	assert_string_equal(text, "me: one\nme: two\n");
}

static const struct CMUnitTest log_spec[] = {
	cmocka_unit_test(lines_to_a_full_pipe_are_dropped),
	cmocka_unit_test(lines_to_a_full_socket_are_dropped),
	cmocka_unit_test(the_number_of_dropped_json_lines_is_json),
	cmocka_unit_test(all_lines_are_written_to_a_file),
};

int
main(void)
{
	return cmocka_run_group_tests(log_spec, NULL, NULL);
}
