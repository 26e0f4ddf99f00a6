/* The process that runs the commands for credentials. */
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
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/command_process.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"

enum { DEADLINE_MS = 30000 };

struct test {
	struct temp_dir		 dir;
	struct config		 config;
	struct command_process	 process;
	struct buffer		 output;
	struct failure		 why;
};

static int
set_up(void **state)
{
	struct test	*t = calloc(1, sizeof(*t));

	assert_non_null(t);
	temp_dir_make(&t->dir);
	*state = t;
	return 0;
}

static int
tear_down(void **state)
{
	struct test	*t = *state;

	command_process_end(&t->process);
	buffer_free(&t->output);
	config_free(&t->config);
	temp_dir_remove(&t->dir);
	free(t);
	return 0;
}

static bool
run(struct test *t, const char *command)
{
	struct command_choice	choice = { .key = KEY_PASSWORD_COMMAND,
				    .value = command };

	if (strcmp(command, "echo second") == 0)
		choice.key = KEY_TOKEN_COMMAND;
	return command_process_run(&t->process, &t->output, &choice, &t->why);
}

/* Starts the process with two commands in different sections. */
static void
start(struct test *t)
{
	conf_load(&t->config, &t->dir, "smarthost = mail.example\nuser = me\n"
	    "password_command = echo first\n"
	    "[from a@example.org]\nsmarthost = other.example\nuser = me\n"
	    "token_command = echo second\n");
	command_process_start(&t->process, &t->config);
	assert_true(t->process.pid > 0);
}

static void
assert_runs(struct test *t, const char *command, const char *output)
{
	buffer_clear(&t->output);
	if (!run(t, command))
		fail_msg("%s", t->why.text);
	assert_string_equal(t->output.data, output);
}

static void
runs_each_command(void **state)
{
	struct test	*t = *state;

	start(t);
	assert_runs(t, "echo first", "first\n");
	assert_runs(t, "echo second", "second\n");
	assert_runs(t, "echo first", "first\n");
}

static void
does_not_start_without_a_command(void **state)
{
	struct test	*t = *state;

	conf_load(&t->config, &t->dir, "smarthost = mail.example\n"
	    "user = me\npassword = x\n");
	command_process_start(&t->process, &t->config);
	assert_int_equal(t->process.pid, 0);
	assert_int_equal(t->process.error, 0);
}

static void
reports_a_failed_command(void **state)
{
	struct test	*t = *state;

	conf_load(&t->config, &t->dir, "smarthost = mail.example\nuser = me\n"
	    "password_command = false\n");
	command_process_start(&t->process, &t->config);
	assert_false(run(t, "false"));
	assert_int_equal(t->why.status, EX_CONFIG);
	assert_string_equal(t->why.text, "false: exited with status 1");
	assert_int_equal(t->output.len, 0);
}

static void
runs_no_other_command(void **state)
{
	struct test	*t = *state;
	uint32_t	 number = 2;
	char		 octet;

	start(t);
	assert_false(run(t, "echo third"));
	assert_int_equal(t->why.status, EX_SOFTWARE);
	/* A compromised parent cannot request another command. */
	assert_int_equal(write(t->process.fd, &number, sizeof(number)),
	    sizeof(number));
	assert_int_equal(read(t->process.fd, &octet, 1), 0);
}

static void
closes_other_descriptors(void **state)
{
	struct test	*t = *state;
	/* The process closes its ends of pipes while the program runs. */
	const char	*script = temp_dir_write(&t->dir, "list", 0700,
			    "#!/bin/sh\ncd /proc/$PPID/fd\n"
			    "readlink [0-9] ??* || :\n");
	char		 lines[600];
	int		 fd;

	snprintf(lines, sizeof(lines), "smarthost = mail.example\nuser = me\n"
	    "password_command = %s\n", script);
	conf_load(&t->config, &t->dir, lines);
	fd = open(temp_dir_write(&t->dir, "message", 0600, ""), O_RDWR);
	assert_true(fd != -1);
	command_process_start(&t->process, &t->config);
	if (!run(t, script))
		fail_msg("%s", t->why.text);
	assert_non_null(strstr(t->output.data, "socket:"));
	assert_null(strstr(t->output.data, "message"));
	/* Standard input, output and error, and the socket. */
	assert_int_equal(strncmp(t->output.data,
	    "/dev/null\n/dev/null\n/dev/null\nsocket:", 37), 0);
	close(fd);
}

static void
blocks_signals(void **state)
{
	static const int	signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
				    SIGUSR1, SIGALRM, SIGPIPE };
	struct test		*t = *state;

	start(t);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		assert_int_equal(kill(t->process.pid, signals[i]), 0);
	assert_runs(t, "echo first", "first\n");
}

/* Runs in a child, which is killed. */
static void
run_and_wait(struct test *t, const char *script)
{
	command_process_start(&t->process, &t->config);
	run(t, script);
	_exit(0);
}

static void
ends_with_its_parent(void **state)
{
	struct test	*t = *state;
	char		 pipe_path[128], lines[600], script[300], text[32];
	struct pollfd	 end = { .events = POLLIN };
	const char	*path;
	pid_t		 parent;
	FILE		*f;

	snprintf(pipe_path, sizeof(pipe_path), "%s/pid", t->dir.path);
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	snprintf(script, sizeof(script), "#!/bin/sh\necho $$ >%s\n"
	    "exec sleep 1000\n", pipe_path);
	path = temp_dir_write(&t->dir, "wait", 0700, script);
	snprintf(lines, sizeof(lines), "smarthost = mail.example\nuser = me\n"
	    "password_command = %s\n", path);
	conf_load(&t->config, &t->dir, lines);
	parent = fork();
	if (parent == 0)
		run_and_wait(t, path);
	f = fopen(pipe_path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	end.fd = pidfd_open(atoi(text), 0);
	assert_true(end.fd != -1);
	kill(parent, SIGKILL);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(poll(&end, 1, DEADLINE_MS), 1);
	close(end.fd);
}

/* It could be a password for another server. */
static void
a_late_result_is_not_used(void **state)
{
	struct test		*t = *state;
	struct interrupt	 interrupt;

	conf_load(&t->config, &t->dir, "smarthost = mail.example\nuser = me\n"
	    "password_command = sleep 0.2\n"
	    "[from a@example.org]\nsmarthost = other.example\nuser = me\n"
	    "token_command = echo second\n");
	command_process_start(&t->process, &t->config);
	interrupt_hold(&interrupt);
	t->process.interrupt = &interrupt;
	raise(SIGTERM);
	assert_false(run(t, "sleep 0.2"));
	assert_int_equal(t->why.status, EX_TEMPFAIL);
	interrupt.signal = 0;
	interrupt_release(&interrupt);
	t->process.interrupt = NULL;
	assert_false(run(t, "echo second"));
	assert_string_equal(t->why.text, "the process that runs commands has "
	    "ended");
	assert_int_equal(waitpid(t->process.pid, NULL, 0), t->process.pid);
}

static void
reports_that_it_cannot_start(void **state)
{
	struct test		*t = *state;
	struct rlimit		 before, none;
	bool			 good;

	conf_load(&t->config, &t->dir, "smarthost = mail.example\nuser = me\n"
	    "password_command = echo first\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	command_process_start(&t->process, &t->config);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	good = run(t, "echo first");
	assert_false(good);
	assert_int_equal(t->why.status, EX_OSERR);
	assert_string_equal(t->why.text, "cannot start the process "
	    "that runs commands: Too many open files");
}

#define CASE(function) \
	{ #function, function, set_up, tear_down, NULL }

static const struct CMUnitTest command_process_spec[] = {
	CASE(runs_each_command),
	CASE(does_not_start_without_a_command),
	CASE(reports_a_failed_command),
	CASE(runs_no_other_command),
	CASE(closes_other_descriptors),
	CASE(blocks_signals),
	CASE(ends_with_its_parent),
	CASE(a_late_result_is_not_used),
	CASE(reports_that_it_cannot_start),
};

int
main(void)
{
	return cmocka_run_group_tests(command_process_spec, NULL, NULL);
}
