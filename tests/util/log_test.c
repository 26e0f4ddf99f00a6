/*
 * The log on standard error: nobody waits for a reader that does not read.
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

/* A descriptor that takes the place of standard error, and its reader. */
struct sink {
	int	reader;
	int	before;		/* what standard error was */
};

static void
begin(struct sink *s, const int ends[2])
{
	s->reader = ends[0];
	s->before = dup(STDERR_FILENO);
	assert_int_not_equal(s->before, -1);
	assert_int_not_equal(dup2(ends[1], STDERR_FILENO), -1);
	close(ends[1]);
	alarm(20);		/* for a logger that waits after all */
}

static void
end(struct sink *s)
{
	alarm(0);
	dup2(s->before, STDERR_FILENO);
	close(s->before);
	close(s->reader);
}

/* Until no octet more fits in; it blocks again afterwards. */
static void
fill(void)
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

/* All that is in it, as a string behind the octets of fill(). */
static void
drain(const struct sink *s, char *text, size_t size)
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

	begin(&s, ends);
	log_open(&log, "stderr", "me");
	log_line(&log, LOG_INFO, "one");
	fill();
	flags = fcntl(STDERR_FILENO, F_GETFL);
	log_line(&log, LOG_INFO, "two");
	log_line(&log, LOG_INFO, "three");
	drain(&s, text, sizeof(text));
	log_line(&log, LOG_INFO, "four");
	log_line(&log, LOG_INFO, "five");
	drain(&s, text + strlen(text), sizeof(text) - strlen(text));
	flags_after = fcntl(STDERR_FILENO, F_GETFL);
	log_close(&log);
	end(&s);
	/* Others write to it, too, and did not ask for O_NONBLOCK. */
	assert_int_equal(flags_after, flags);
	assert_string_equal(text, "me: one\nme: log lines dropped because the "
	    "log was not ready: 2\nme: four\nme: five\n");
}

static void
a_full_pipe_costs_lines_and_no_time(void **state)
{
	int	ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	check_sink(ends);
}

static void
so_does_a_full_socket(void **state)
{
	int	ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	check_sink(ends);
}

static void
a_file_takes_every_line(void **state)
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
	begin(&s, ends);
	log_open(&log, "stderr", "me");
	log_line(&log, LOG_INFO, "%s", "one");
	log_line(&log, LOG_INFO, "%s", "two");
	log_close(&log);
	drain(&s, text, sizeof(text));
	end(&s);
	assert_string_equal(text, "me: one\nme: two\n");
}

static const struct CMUnitTest log_spec[] = {
	cmocka_unit_test(a_full_pipe_costs_lines_and_no_time),
	cmocka_unit_test(so_does_a_full_socket),
	cmocka_unit_test(a_file_takes_every_line),
};

int
main(void)
{
	return cmocka_run_group_tests(log_spec, NULL, NULL);
}
