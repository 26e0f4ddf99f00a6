/* A command that is told something, and hangs or talks too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "support/cases.h"
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

/*
 * A command that delivers a message.
 */

struct delivers {
	const char		*sentence;
	const char		*body;		/* of the script */
	enum command_end	 end;
	int			 status;	/* or signal */
	const char		*errors;	/* NULL: not compared */
	const char		*why;		/* or NULL */
};

static const struct delivers	delivers_table[] = {
	{ "the status is that of the program", "exit 67", COMMAND_END_STATUS,
	    67, .errors = "" },
	{ "the input, the arguments and the environment are passed",
	    "echo \"$V $# $2:$(cat)\" >&2", COMMAND_END_STATUS,
	    .errors = "value 3 b c:input\n" },
	{ "the program need not read its input", "exit 0", COMMAND_END_STATUS,
	    0, .errors = "" },
	{ "a status like that of a program that cannot be started",
	    "exit 71", COMMAND_END_STATUS,
	    71, .errors = "" },
	{ "a signal", "kill -9 $$", COMMAND_END_SIGNAL, 9,
	    .errors = "" },
	{ "a program that hangs is killed, whatever it ignores",
	    "trap '' TERM HUP INT; echo begun >&2; sleep 1000; sleep 1000",
	    COMMAND_END_STOPPED, .errors = "begun\n",
	    .why = "timed out and was killed" },
	{ "a child that keeps the pipes open is not waited for",
	    "sleep 1000 & echo $! >&2; exit 3", COMMAND_END_STATUS,
	    .status = 3 },
	{ "only the end of a long output is kept, and the other is dropped",
	    "head -c 30000000 /dev/zero | tee /dev/stderr; echo end >&2",
	    COMMAND_END_STATUS,
	    .status = 0 },
};

static void
delivers(void **state)
{
	const struct delivers	*c = *state;
	char			 value[] = "V=value", a[] = "--", b[] = "b c";
	char			 other[] = "d";
	struct temp_dir		 dir;
	struct failure		 why = { 0 };
	struct command_delivery	 d = { .timeout_ms = TIMEOUT_MS, .caller = -1,
				    .arguments = (char *const[]){ a, b, other,
				    NULL }, .environment = (char *const[]){
				    value, NULL } };

	temp_dir_make(&dir);
	d.input = open(temp_dir_write(&dir, "input", 0600, "input"), O_RDONLY |
	    O_CLOEXEC);
	d.command = script(&dir, c->body);
	if (c->end != COMMAND_END_STOPPED)
		d.timeout_ms = DEADLINE_MS;
	assert_int_equal(command_deliver(&d, &why), c->end);
	if (c->end != COMMAND_END_STOPPED)
		assert_int_equal(d.status, c->status);
	assert_true(d.errors.len <= COMMAND_ERRORS_MAX);
	if (c->errors != NULL)
		assert_string_equal(d.errors.len > 0 ? d.errors.data : "",
		    c->errors);
	else if (d.errors.len == COMMAND_ERRORS_MAX)
		assert_memory_equal(d.errors.data + d.errors.len - 4, "end\n",
		    4);
	else
		kill(atoi(d.errors.data), SIGKILL);
	if (c->why != NULL && strstr(why.text, c->why) == NULL)
		fail_msg("%s", why.text);
	buffer_free(&d.errors);
	close(d.input);
	temp_dir_remove(&dir);
}

static void
reports_a_program_that_cannot_be_started(void **state)
{
	struct temp_dir		dir;
	struct failure		why;
	struct command_delivery	d = { .timeout_ms = TIMEOUT_MS, .caller = -1 };

	(void)state;
	temp_dir_make(&dir);
	d.input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	d.command = temp_dir_write(&dir, "x", 0700, "no program");
	assert_int_equal(command_deliver(&d, &why), COMMAND_END_NOT_STARTED);
	assert_int_equal(why.status, EX_CONFIG);
	d.command = temp_dir_write(&dir, "y", 0600, "#!/bin/sh\n");
	assert_int_equal(command_deliver(&d, &why), COMMAND_END_NOT_STARTED);
	assert_int_equal(why.status, EX_CONFIG);
	d.command = "/nowhere/at/all";
	assert_int_equal(command_deliver(&d, &why), COMMAND_END_NOT_STARTED);
	assert_int_equal(why.status, EX_CONFIG);
	buffer_free(&d.errors);
	close(d.input);
	temp_dir_remove(&dir);
}

static const struct CMUnitTest secret_command_spec[] = {
	cmocka_unit_test(a_hanging_command_is_killed_with_its_children),
	cmocka_unit_test(its_output_is_ignored),
	cmocka_unit_test(reports_a_program_that_cannot_be_started),
};

int
main(void)
{
	return cmocka_run_group_tests(secret_command_spec, NULL, NULL) +
	    CASES_RUN("deliveries", delivers, delivers_table);
}
