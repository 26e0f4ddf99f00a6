/* A command that is told something, and hangs or talks too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "support/temp_dir.h"

enum { TIMEOUT_MS = 2000, DEADLINE_MS = 30000 };

/* The command is a script; its name is valid until the next call. */
static const char *
script(struct temp_dir *dir, const char *body)
{
	char		 text[500];
	const char	*path;

	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", body);
	path = temp_dir_write(dir, "command", 0700, text);
	return path;
}

/* The child of the command has the same pipe open. */
static void
a_hanging_command_is_killed_with_its_children(void **state)
{
	struct temp_dir		dir;
	struct failure		why;
	struct command_notice	notice = { .input = "", .timeout_ms =
				    TIMEOUT_MS };
	char			fifo[100], body[200];
	struct pollfd		p = { .events = POLLIN };

	(void)state;
	temp_dir_make(&dir);
	snprintf(fifo, sizeof(fifo), "%s/fifo", dir.path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	p.fd = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	snprintf(body, sizeof(body), "exec >%s; sleep 1000 & wait", fifo);
	notice.command = script(&dir, body);
	assert_false(command_notify(&notice, &why));
	assert_int_equal(why.status, EX_TEMPFAIL);
	assert_non_null(strstr(why.text, "timed out and was killed"));
	assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
	assert_int_equal(p.revents & POLLHUP, POLLHUP);
	close(p.fd);
	temp_dir_remove(&dir);
}

static void
its_output_is_ignored(void **state)
{
	struct temp_dir		dir;
	struct failure		why;
	struct command_notice	notice = { .input = "hello",
				    .timeout_ms = DEADLINE_MS };

	(void)state;
	temp_dir_make(&dir);
	notice.command = script(&dir, "[ \"$(cat)\" = hello ] || exit 1\n"
	    "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2");
	if (!command_notify(&notice, &why))
		fail_msg("%s", why.text);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest secret_command_spec[] = {
	cmocka_unit_test(a_hanging_command_is_killed_with_its_children),
	cmocka_unit_test(its_output_is_ignored),
};

int
main(void)
{
	return cmocka_run_group_tests(secret_command_spec, NULL, NULL);
}
