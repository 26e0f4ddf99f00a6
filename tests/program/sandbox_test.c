/*
 * The process that communicates with the smarthost is in the sandbox in every
 * mode: all attacks of attacker.c fail in it, and the message is delivered.
 * The same applies to other processes that parse input of clients or servers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/spool.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/temp_dir.h"
#include "support/temp_spool.h"
#include "support/user.h"

#define ATTACKER	BUILD "/tests/program/attacker.so"
#define MESSAGE		"From: a@example.org\nTo: b@example.net\n\nhi\n"
#define SESSION \
	"EHLO client.example\r\nMAIL FROM:<a@example.org>\r\n" \
	"RCPT TO:<b@example.net>\r\nDATA\r\nSubject: x\r\n\r\nhi\r\n.\r\n" \
	"QUIT\r\n"

struct scene {
	struct queue_fixture	 p;
	pid_t			 victim;
	int			 listener;	/* another server */
	char			 report[128];
	char			 text[7][300];	/* of the environment */
	const char		*env[13];
};

enum { INSIDE = 2 };	/* in .text */

static const struct script	plain = { 0 };

static void
add_variable(struct scene *s, size_t i, const char *name, const char *value)
{
	snprintf(s->text[i], sizeof(s->text[i]), "%s=%s", name, value);
	s->env[i] = s->text[i];
}

static void
make_environment(struct scene *s)
{
	const char	*asan = getenv("ASAN_OPTIONS");
	char		 value[200];
	size_t		 i = 0;
	struct sockaddr_in	a;
	socklen_t	 len = sizeof(a);

	add_variable(s, i++, "LD_PRELOAD", ATTACKER);
	add_variable(s, i++, "ATTACK_REPORT", s->report);
	snprintf(value, sizeof(value), "%s/queue", s->p.spool);
	assert_int_equal(i, INSIDE);
	add_variable(s, i++, "ATTACK_INSIDE", value);
	add_variable(s, i++, "ATTACK_OUTSIDE", s->p.dir.path);
	snprintf(value, sizeof(value), "%d", (int)s->victim);
	add_variable(s, i++, "ATTACK_VICTIM", value);
	assert_int_equal(getsockname(s->listener, (struct sockaddr *)&a,
	    &len), 0);
	snprintf(value, sizeof(value), "%d", ntohs(a.sin_port));
	add_variable(s, i++, "ATTACK_PORT", value);
	snprintf(value, sizeof(value), "%s%sverify_asan_link_order=0",
	    asan != NULL ? asan : "", asan != NULL ? ":" : "");
	add_variable(s, i++, "ASAN_OPTIONS", value);
	s->env[i++] = "PATH=/usr/bin:/bin";
	s->env[i++] = "HOME=/nowhere";
	s->env[i] = NULL;
}

static void
need_filters(void)
{
	static const uint32_t	error = SECCOMP_RET_ERRNO;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &error) != 0)
		skip_because("the kernel has no seccomp filters");
	if (access(ATTACKER, R_OK) != 0)
		fail_msg("%s is not built", ATTACKER);
}

static void
open_scene(struct scene *s, const struct script *script, const char *more)
{
	need_filters();
	*s = (struct scene){ .victim = fork() };
	if (s->victim == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)
	    &(struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
	    sizeof(struct sockaddr_in)), 0);
	assert_int_equal(listen(s->listener, 9), 0);
	queue_fixture_open(&s->p, script, more);
	temp_dir_write(&s->p.dir, "old", 0600, "text");
	snprintf(s->report, sizeof(s->report), "%s/report", s->p.dir.path);
	make_environment(s);
}

static struct program
program_of(struct scene *s, const char *const *argv, const char *input)
{
	return (struct program){ .argv = argv, .env = s->env, .input = input };
}

static void
run_to(struct scene *s, const char *const *argv, const char *input,
    int status)
{
	struct program		p = program_of(s, argv, input);
	struct program_result	o;

	program_run(&o, &p);
	if (o.status != status)
		fail_msg("status %d: %s%s", o.status, o.out.data, o.err.data);
	program_result_free(&o);
}

static void
run(struct scene *s, const char *const *argv, const char *input)
{
	run_to(s, argv, input, 0);
}

/* Before the program is run. */
static void
add_last_variable(struct scene *s, const char *text)
{
	size_t	i = 0;

	while (s->env[i] != NULL)
		i++;
	s->env[i++] = text;
	s->env[i] = NULL;
}

/* The attacks were attempted in this call, and all of them failed. */
static void
check_report(const struct scene *s, const char *call)
{
	struct buffer	text = { 0 };
	char		end[30];

	if (access(s->report, R_OK) != 0)
		skip_because("the program is not dynamically linked");
	file_read(&text, s->report);
	if (strstr(text.data, "it can ") != NULL)
		fail_msg("%s", strstr(text.data, "it can "));
	snprintf(end, sizeof(end), "end in %s\n", call);
	if (strstr(text.data, end) == NULL)
		fail_msg("the attacks in %s were not made to the end: %s",
		    call, text.data);
	buffer_free(&text);
}

static void
close_scene(struct scene *s)
{
	kill(s->victim, SIGKILL);
	waitpid(s->victim, NULL, 0);
	check_report(s, "connect");
	close(s->listener);
	queue_fixture_close(&s->p);
}

static void
close_when_sent(struct scene *s)
{
	assert_true(mock_smtp_wait_messages(s->p.host, 1));
	close_scene(s);
}

static void
attacks_fail_while_a_message_is_sent(void **state)
{
	struct scene	s;

	(void)state;
	open_scene(&s, &plain, NULL);
	run(&s, WORDS("relais", "-C", s.p.conf, "-t"), MESSAGE);
	close_when_sent(&s);
}

static void
attacks_fail_without_a_queue(void **state)
{
	struct scene	s;

	(void)state;
	open_scene(&s, &plain, "queue = off\n");
	/* What is inside must be there, or nothing can be made in it. */
	assert_int_equal(mkdir(s.p.spool, 0700), 0);
	run(&s, WORDS("relais", "-C", s.p.conf, "-t", "-odq"), MESSAGE);
	close_when_sent(&s);
}

static void
attacks_fail_with_a_password_command(void **state)
{
	struct scene	s;

	(void)state;
	open_scene(&s, &(struct script){ .user = "me", .password = "secret",
	    .auth_in_clear = true, .auth_required = true },
	    "tls = off\nauth = plain\nuser = me\n"
	    "password_command = echo secret\n");
	run(&s, WORDS("relais", "-C", s.p.conf, "-t"), MESSAGE);
	close_when_sent(&s);
}

static void
attacks_fail_in_the_background(void **state)
{
	struct scene	s;

	(void)state;
	open_scene(&s, &plain, NULL);
	run(&s, WORDS("relais", "-C", s.p.conf, "-t", "-odb"), MESSAGE);
	close_when_sent(&s);
}

static void
attacks_fail_in_a_session_on_standard_input(void **state)
{
	struct scene	s;

	(void)state;
	open_scene(&s, &plain, NULL);
	run(&s, WORDS("relais", "-C", s.p.conf, "-bs"), SESSION);
	close_when_sent(&s);
}

/* The message does not fit into memory, and the queue is disabled. */
static void
a_session_in_the_sandbox_accepts_large_messages(void **state)
{
	enum { LINES = 10000 };
	struct scene	s;
	struct buffer	session = { 0 };

	(void)state;
	open_scene(&s, &plain, "queue = off\n");
	assert_int_equal(mkdir(s.p.spool, 0700), 0);
	buffer_add_text(&session, "EHLO client.example\r\n");
	for (int i = 0; i < 2; i++) {
		buffer_add_text(&session, "MAIL FROM:<a@example.org>\r\n"
		    "RCPT TO:<b@example.net>\r\nDATA\r\n\r\n");
		for (int k = 0; k < LINES; k++)
			buffer_addf(&session, "message %d, line %d of many, "
			    "which is long\r\n", i, k);
		buffer_add_text(&session, ".\r\n");
	}
	buffer_add_text(&session, "QUIT\r\n");
	run(&s, WORDS("relais", "-C", s.p.conf, "-bs"), session.data);
	assert_true(mock_smtp_wait_messages(s.p.host, 2));
	assert_non_null(strstr(mock_smtp_message(s.p.host, 1)->data.data,
	    "message 1, line 9999"));
	buffer_free(&session);
	close_when_sent(&s);
}

static void
attacks_fail_in_a_queue_run(void **state)
{
	struct scene	s;

	(void)state;
	open_scene(&s, &plain, NULL);
	queue_fixture_put(&s.p, "a@example.org", WORDS("b@example.net", ""));
	run(&s, WORDS("relais", "-C", s.p.conf, "-q"), NULL);
	close_when_sent(&s);
}

static void
attacks_fail_in_the_service(void **state)
{
	struct scene		 s;
	struct program		 p;
	struct running		*running;
	struct program_result	 o;
	char			 socket[100];

	(void)state;
	open_scene(&s, &plain, NULL);
	snprintf(socket, sizeof(socket), "socket=%s/socket", s.p.dir.path);
	queue_fixture_put(&s.p, "a@example.org", WORDS("b@example.net", ""));
	p = program_of(&s, WORDS("relais", "-C", s.p.conf, "-o", socket,
	    "serve"), NULL);
	running = program_start(&p);
	assert_true(mock_smtp_wait_messages(s.p.host, 1));
	program_stop(running, SIGTERM, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	close_when_sent(&s);
}

/* The worker connects, and the session queues the deferred message. */
static void
attacks_fail_in_a_worker_and_in_a_session(void **state)
{
	struct scene		s;
	struct serving		service;
	struct program_result	o;
	char			value[200];

	(void)state;
	open_scene(&s, &plain, NULL);
	serving_open(&service, &(struct script){ .steps = { { .at = ON_RCPT,
	    .say = "451 4.3.0 later" } } }, "");
	snprintf(value, sizeof(value), "%s/queue", service.spool);
	add_variable(&s, INSIDE, "ATTACK_INSIDE", value);
	serving_start(&service, &(struct program){ .env = s.env });
	relais_run(&o, service.conf, WORDS("-t"), MESSAGE);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_true(mock_smtp_wait_commands(service.host, ON_RCPT, 1));
	serving_close(&service);
	check_report(&s, "linkat");
	close_scene(&s);
}

/* The next queue run will find that the hour of the entries has ended. */
static void
end_the_hour(const struct scene *s)
{
	const struct timespec	times[2] = { { .tv_nsec = UTIME_OMIT },
				    { .tv_sec = time(NULL) - 1 } };
	char			pattern[100];
	glob_t			found;

	snprintf(pattern, sizeof(pattern), "%s/queue/*", s->p.spool);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 2);
	for (size_t i = 0; i < found.gl_pathc; i++)
		assert_int_equal(utimensat(AT_FDCWD, found.gl_pathv[i], times,
		    0), 0);
	globfree(&found);
}

static void
attacks_fail_in_the_process_that_makes_digests(void **state)
{
	struct scene		s;
	struct program_result	o;

	(void)state;
	open_scene(&s, &plain, "storm = 1/hour\n");
	for (int i = 0; i < 3; i++) {
		relais_run(&o, s.p.conf, WORDS("-t"), MESSAGE);
		assert_int_equal(o.status, 0);
		program_result_free(&o);
	}
	end_the_hour(&s);
	run(&s, WORDS("relais", "-C", s.p.conf, "queue", "run"), NULL);
	assert_true(mock_smtp_wait_messages(s.p.host, 2));
	check_report(&s, "linkat");
	close_scene(&s);
}

/* If the tests run as another user than root, so do the programs above. */
static void
attacks_of_a_user_other_than_root_fail(void **state)
{
	static uid_t		nobody = NOBODY;
	struct scene		s;
	struct program		p;
	struct program_result	o;

	(void)state;
	user_needs_root();
	open_scene(&s, &plain, NULL);
	assert_int_equal(chown(s.p.dir.path, NOBODY, NOBODY), 0);
	assert_int_equal(chown(s.p.conf, NOBODY, NOBODY), 0);
	assert_int_equal(chown(temp_dir_path(&s.p.dir, "old"), NOBODY,
	    NOBODY), 0);
	p = program_of(&s, WORDS("relais", "-C", s.p.conf, "-t"), MESSAGE);
	p.prepare = user_become;
	p.ctx = &nobody;
	program_run(&o, &p);
	if (o.status != 0)
		fail_msg("status %d: %s", o.status, o.err.data);
	program_result_free(&o);
	close_when_sent(&s);
}

/* The program that prints the password runs in another process. */
static void
attacks_fail_in_relais_check(void **state)
{
	struct scene	s;

	(void)state;
	open_scene(&s, &(struct script){ .user = "me", .password = "secret",
	    .auth_in_clear = true, .auth_required = true },
	    "root = b@example.net\ntls = off\nauth = plain\nuser = me\n"
	    "password_command = echo secret\n");
	assert_int_equal(mkdir(s.p.spool, 0700), 0);
	add_last_variable(&s, "ATTACK_ANY_PORT=1");
	run(&s, WORDS("relais", "-C", s.p.conf, "check"), NULL);
	close_scene(&s);
}

/* The files are written after the test, outside the sandbox. */
static void
attacks_fail_in_the_test_of_relais_setup(void **state)
{
	struct scene	s;
	char		conf[100], url[60];

	(void)state;
	open_scene(&s, &plain, NULL);
	assert_int_equal(mkdir(s.p.spool, 0700), 0);
	add_last_variable(&s, "ATTACK_ANY_PORT=1");
	snprintf(conf, sizeof(conf), "%s/new.conf", s.p.dir.path);
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%u", s.p.host->port);
	run(&s, WORDS("relais", "-C", conf, "-o", "queue=off", "-o",
	    "socket=off", "-o", "log=off", "setup", "a@example.org",
	    "--smarthost", url, "--no-login", "--root", "b@example.net"), NULL);
	assert_int_equal(access(conf, R_OK), 0);
	close_scene(&s);
}

/* The corrupted memory must not harm the waiting process. */
static void
a_queue_run_survives_a_worker_that_corrupts_shared_memory(void **state)
{
	struct scene	s;

	(void)state;
	open_scene(&s, &plain, NULL);
	queue_fixture_put(&s.p, "a@example.org", WORDS("b@example.net", ""));
	add_last_variable(&s, "ATTACK_SHARED=1");
	run_to(&s, WORDS("relais", "-C", s.p.conf, "-q"), NULL, EX_TEMPFAIL);
	assert_string_equal(temp_spool_entries(s.p.spool, SPOOL_QUEUE),
	    "?b@example.net");
	close_scene(&s);
}

static const struct CMUnitTest sandbox_spec[] = {
	cmocka_unit_test(attacks_fail_while_a_message_is_sent),
	cmocka_unit_test(attacks_fail_without_a_queue),
	cmocka_unit_test(attacks_fail_with_a_password_command),
	cmocka_unit_test(attacks_fail_in_the_background),
	cmocka_unit_test(attacks_fail_in_a_session_on_standard_input),
	cmocka_unit_test(a_session_in_the_sandbox_accepts_large_messages),
	cmocka_unit_test(attacks_fail_in_a_queue_run),
	cmocka_unit_test(attacks_fail_in_the_service),
	cmocka_unit_test(attacks_fail_in_a_worker_and_in_a_session),
	cmocka_unit_test(attacks_fail_in_the_process_that_makes_digests),
	cmocka_unit_test(attacks_of_a_user_other_than_root_fail),
	cmocka_unit_test(attacks_fail_in_relais_check),
	cmocka_unit_test(attacks_fail_in_the_test_of_relais_setup),
	cmocka_unit_test(
	    a_queue_run_survives_a_worker_that_corrupts_shared_memory),
};

int
main(void)
{
	return cmocka_run_group_tests(sandbox_spec, NULL, NULL);
}
