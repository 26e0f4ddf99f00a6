/*
 * The process that runs connect_command: what its parent, which may have been
 * taken over by a hostile server, can make it do.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/connect_process.h"
#include "support/cases.h"
#include "support/conf_load.h"
#include "support/temp_dir.h"
#include "util/clock.h"

enum { DEADLINE_MS = 30000, PAUSE_MS = 5, PROGRAMS_MAX = 16 };

struct request_case {
	const char	*sentence;
	const char	*conf;
	const char	*command, *host;
	uint16_t	 port;
	const char	*output;	/* NULL: refused */
};

#define ECHO	"connect_command = echo %h %p\n"
#define NORMAL	"smarthost = smtp://a.example:25 smtp://b.example:26 " \
		"smtp://[2001:db8::1]:25\n" ECHO
#define LOOK_UP	"smarthost = smtp+mx://example.org\n" ECHO

static const struct request_case cases[] = {
	{ "the host and the port of a smarthost", NORMAL, "echo %h %p",
	    "b.example", 26, "b.example 26\n" },
	{ "an IPv6 address", NORMAL, "echo %h %p", "2001:db8::1", 25,
	    "2001:db8::1 25\n" },
	{ "a smarthost in a section", NORMAL
	    "[to *]\nsmarthost = smtp://c.example:27\n", "echo %h %p",
	    "c.example", 27, "c.example 27\n" },
	{ "the command of a section", NORMAL
	    "[to *]\nconnect_command = echo other %p %%h\n",
	    "echo other %p %%h", "a.example", 25, "other 25 %h\n" },
	{ "a host of MX records", LOOK_UP, "echo %h %p", "mx1.example.net",
	    25, "mx1.example.net 25\n" },

	{ "another host", NORMAL, "echo %h %p", "c.example", 25, NULL },
	{ "another port", NORMAL, "echo %h %p", "a.example", 26, NULL },
	{ "another command", NORMAL, "echo", "a.example", 25, NULL },
	{ "a command that is off", "smarthost = smtp://a.example\n"
	    "connect_command = off\n[to *]\n" ECHO, "off", "a.example", 25,
	    NULL },
	{ "an option in place of a host of MX records", LOOK_UP, "echo %h %p",
	    "-oProxyCommand=x", 25, NULL },
	{ "two words in place of a host of MX records", LOOK_UP, "echo %h %p",
	    "a.example -x", 25, NULL },
	{ "no host", LOOK_UP, "echo %h %p", "", 25, NULL },
};

struct place {
	struct temp_dir		 dir;
	struct config		 config;
	struct connect_process	 process;
};

static void
place_open(struct place *p, const char *conf)
{
	temp_dir_make(&p->dir);
	conf_load(&p->config, &p->dir, conf);
	connect_process_start(&p->process, &p->config);
	assert_true(p->process.pid > 0);
}

static void
place_close(struct place *p)
{
	connect_process_end(&p->process);
	config_free(&p->config);
	temp_dir_remove(&p->dir);
}

static void
read_all(int fd, char *text, size_t size)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	size_t		n = 0;
	ssize_t		got = 1;

	while (got > 0 && n < size - 1 && poll(&p, 1, DEADLINE_MS) == 1 &&
	    (got = read(fd, text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
}

static void
runs_or_refuses(void **state)
{
	const struct request_case	*c = *state;
	struct place			 p;
	struct failure			 why;
	char				 text[200];
	int				 fd, control = -1;

	place_open(&p, c->conf);
	fd = connect_process_run(&p.process, &(struct connect_request){
	    .command = c->command, .host = c->host, .port = c->port },
	    &control, &why);
	if (c->output == NULL) {
		assert_int_equal(fd, -1);
		assert_int_equal(why.status, EX_TEMPFAIL);
	} else {
		assert_true(fd != -1);
		read_all(fd, text, sizeof(text));
		assert_string_equal(text, c->output);
		assert_int_equal(connect_program_explain(control, &why),
		    PROGRAM_ENDED);
		assert_string_equal(why.text, "echo exited with status 0");
		close(fd);
		close(control);
	}
	place_close(&p);
	/* It has waited for its own children. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Each program has a process of its own, also if several run at once. */
static void
programs_run_at_the_same_time(void **state)
{
	struct place		 p;
	struct failure		 why;
	char			 text[8] = "";
	int			 fd[8], control[8];

	(void)state;
	place_open(&p, "smarthost = smtp://a.example\n"
	    "connect_command = cat\n");
	for (int i = 0; i < 8; i++) {
		fd[i] = connect_process_run(&p.process,
		    &(struct connect_request){ .command = "cat",
		    .host = "a.example", .port = 25 }, &control[i], &why);
		assert_true(fd[i] != -1);
		assert_int_equal(write(fd[i], &(char){ (char)('0' + i) }, 1),
		    1);
	}
	for (int i = 7; i >= 0; i--) {
		struct pollfd	input = { .fd = fd[i], .events = POLLIN };

		assert_int_equal(poll(&input, 1, DEADLINE_MS), 1);
		assert_int_equal(read(fd[i], text, 1), 1);
		assert_int_equal(text[0], '0' + i);
		close(fd[i]);
		close(control[i]);
	}
	place_close(&p);
}

/* A compromised parent cannot start any number of them. */
static void
programs_are_limited(void **state)
{
	const struct connect_request	request = { .command = "cat",
					    .host = "a.example", .port = 25 };
	struct place			p;
	struct failure			why;
	int64_t				end;
	int				fd[PROGRAMS_MAX + 1];
	int				control[PROGRAMS_MAX + 1];

	(void)state;
	place_open(&p, "smarthost = smtp://a.example\n"
	    "connect_command = cat\n");
	for (int i = 0; i < PROGRAMS_MAX; i++) {
		fd[i] = connect_process_run(&p.process, &request, &control[i],
		    &why);
		assert_int_not_equal(fd[i], -1);
	}
	assert_int_equal(connect_process_run(&p.process, &request,
	    &control[PROGRAMS_MAX], &why), -1);
	assert_int_equal(why.status, EX_OSERR);
	/* After one of them has ended, another one can be started. */
	close(fd[0]);
	close(control[0]);
	end = clock_ms() + DEADLINE_MS;
	while ((fd[0] = connect_process_run(&p.process, &request, &control[0],
	    &why)) == -1 && clock_ms() < end)
		poll(NULL, 0, PAUSE_MS);
	assert_int_not_equal(fd[0], -1);
	for (int i = 0; i < PROGRAMS_MAX; i++) {
		close(fd[i]);
		close(control[i]);
	}
	place_close(&p);
}

/* As for lack of memory: mail is tried again later. */
static void
the_end_of_the_process_is_a_temporary_failure(void **state)
{
	const struct connect_request	request = { .command = "cat",
					    .host = "a.example", .port = 25 };
	struct place			p;
	struct failure			why;
	int				control;

	(void)state;
	place_open(&p, "smarthost = smtp://a.example\n"
	    "connect_command = cat\n");
	kill(p.process.pid, SIGKILL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(connect_process_run(&p.process, &request,
		    &control, &why), -1);
		assert_int_equal(why.status, EX_TEMPFAIL);
		assert_true(p.process.lost);
	}
	place_close(&p);
}

/* It would be a connection to another host. */
static void
a_late_reply_is_discarded(void **state)
{
	struct place		p;
	struct failure		why;
	char			text[100];
	int			fd, control;

	(void)state;
	place_open(&p, "smarthost = smtp://a.example smtp://b.example\n"
	    "connect_command = echo %h\n");
	kill(p.process.pid, SIGSTOP);
	assert_int_equal(connect_process_run(&p.process,
	    &(struct connect_request){ .command = "echo %h",
	    .host = "a.example", .port = 25 }, &control, &why), -1);
	assert_non_null(strstr(why.text, "timed out"));
	kill(p.process.pid, SIGCONT);
	fd = connect_process_run(&p.process, &(struct connect_request){
	    .command = "echo %h", .host = "b.example", .port = 25 }, &control,
	    &why);
	assert_int_not_equal(fd, -1);
	read_all(fd, text, sizeof(text));
	assert_string_equal(text, "b.example\n");
	close(fd);
	close(control);
	place_close(&p);
}

/* The lowest descriptor that is free. */
static int
find_free(void)
{
	int	fd = dup(STDIN_FILENO);

	assert_int_not_equal(fd, -1);
	close(fd);
	return fd;
}

/* One more can be opened, but a connection needs two. */
static void
a_lack_of_descriptors_is_reported(void **state)
{
	struct place	p;
	struct failure	why;
	struct rlimit	before, one;
	int		fd, control, free_fd;

	(void)state;
	place_open(&p, "smarthost = smtp://a.example\n"
	    "connect_command = cat\n");
	free_fd = find_free();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	one = (struct rlimit){ (rlim_t)free_fd + 1, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &one), 0);
	fd = connect_process_run(&p.process, &(struct connect_request){
	    .command = "cat", .host = "a.example", .port = 25 }, &control,
	    &why);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(fd, -1);
	assert_non_null(strstr(why.text, "Too many open files"));
	assert_int_equal(find_free(), free_fd);
	place_close(&p);
}

int
main(void)
{
	const struct CMUnitTest	more[] = {
		cmocka_unit_test(programs_run_at_the_same_time),
		cmocka_unit_test(programs_are_limited),
		cmocka_unit_test(the_end_of_the_process_is_a_temporary_failure),
		cmocka_unit_test(a_late_reply_is_discarded),
		cmocka_unit_test(a_lack_of_descriptors_is_reported),
	};

	return CASES_RUN("connect_process", runs_or_refuses, cases) +
	    cmocka_run_group_tests(more, NULL, NULL);
}
