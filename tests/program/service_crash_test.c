/*
 * A message through the service, one of whose processes is killed before a
 * system call, or whose call fails.  Exit status 0 promises that the message
 * was sent or is in the queue.  It may be sent twice only if the process that
 * sent it, or the supervisor, was killed, or a session that had written the
 * entry early, because the attempt took five seconds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/conf.h"
#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/strace.h"
#include "support/temp_dir.h"
#include "support/temp_spool.h"
#include "util/clock.h"

enum { EARLY_MS = 5000 };	/* submit/early_entry.h */

/* Which process has the fault. */
enum target {
	SUPERVISOR,
	WORKER,			/* which has sent a message before */
	ANY,			/* the first to reach that call, which is
				 * usually the session */
};

struct setting {
	enum target		 target;
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	struct mock_smtp	*second;	/* for the queue run */
	char			 smarthost[60];	/* its name, an option */
	const char		*conf;
	char			 spool[80];
	struct running		*service, *strace;
	size_t			 received;	/* before this message */
	int64_t			 took_ms;	/* this message */
	size_t			 runs, killed, deferred, twice;
};

static const struct script	accepting = { 0 };

static void
setting_open(struct setting *s, enum target target,
    const struct script *script)
{
	char	lines[300];

	strace_need();
	if (geteuid() != 0)
		skip_because("only root can trace the service once it runs");
	*s = (struct setting){ .target = target };
	temp_dir_make(&s->dir);
	s->host = mock_smtp_start(script);
	s->second = mock_smtp_start(&accepting);
	snprintf(s->smarthost, sizeof(s->smarthost),
	    "smarthost=smtp://127.0.0.1:%u", s->second->port);
	snprintf(s->spool, sizeof(s->spool), "%s/spool", s->dir.path);
	snprintf(lines, sizeof(lines), "socket = %s/run/submission\n"
	    "queue = %s\nlog = stderr\nconnections = 1\n", s->dir.path,
	    s->spool);
	s->conf = strdup(conf_write(&s->dir, s->host, "smtp", lines));
}

static void
setting_close(struct setting *s)
{
	mock_smtp_stop(s->host);
	mock_smtp_stop(s->second);
	temp_dir_remove(&s->dir);
	free((char *)s->conf);
}

static int
submit(struct setting *s)
{
	struct program_result	o;
	int64_t			begin_ms = clock_ms();
	int			status;

	relais_run(&o, s->conf, WORDS("-i", "a@example.net"),
	    "Subject: a\nTo: a@example.net\n\nhello\n");
	s->took_ms = clock_ms() - begin_ms;
	status = o.status;
	if (status != 0 && status != EX_TEMPFAIL)
		fail_msg("status %d, signal %d: %s", status, o.signal,
		    o.err.data);
	program_result_free(&o);
	return status;
}

/* The last child of the service: its session, if any, was forked before. */
static pid_t
find_worker(const struct setting *s)
{
	pid_t	child[10];
	size_t	n = serving_children(program_pid(s->service), child, 10);

	assert_in_range(n, 1, 10);
	return child[n - 1];
}

/* Starts the service, and strace when it waits for clients. */
static void
begin(struct setting *s, const char *inject)
{
	static char	 pid[20];
	const char	*argv[] = { "strace", "-o", temp_dir_path(&s->dir,
			    "trace"), "-p", pid, "-e",
			    inject != NULL ? inject : "trace=all",
			    s->target == ANY ? "-f" : NULL, NULL };

	s->service = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", s->conf, "serve") });
	program_wait_output(s->service, "accepts mail on");
	if (s->target == WORKER) {
		assert_int_equal(submit(s), 0);
		s->received++;
	}
	snprintf(pid, sizeof(pid), "%ld", (long)(s->target == WORKER ?
	    find_worker(s) : program_pid(s->service)));
	s->strace = program_start(&(struct program){ .path = STRACE,
	    .argv = argv });
	program_wait_output(s->strace, "ttached");
}

/* Ends the service and strace; returns whether the supervisor was killed. */
static bool
end(struct setting *s)
{
	struct program_result	o;
	bool			killed;

	program_stop(s->service, SIGTERM, &o);
	killed = o.signal == SIGKILL;
	if (!killed && o.status != 0)
		fail_msg("the service: status %d, signal %d: %s", o.status,
		    o.signal, o.err.data);
	program_result_free(&o);
	program_stop(s->strace, 0, &o);
	program_result_free(&o);
	return killed;
}

static size_t
count_received(struct mock_smtp *host)
{
	size_t	n = 0;

	assert_true(mock_smtp_wait_closed(host, mock_smtp_connections(host)));
	for (size_t i = 0; i < mock_smtp_messages(host); i++)
		n += mock_smtp_message(host, i)->code == 250;
	return n;
}

/* Whether a process was killed that made a system call with this text. */
static bool
was_killed(struct setting *s, const char *call)
{
	struct buffer	trace = { 0 };
	const char	*at;
	char		end_of[64] = "+++ killed";
	bool		killed;

	file_read(&trace, temp_dir_path(&s->dir, "trace"));
	at = strstr(trace.data, call);
	while (at != NULL && at > trace.data && at[-1] != '\n')
		at--;
	/* strace(1) fills the process number with blanks. */
	if (at != NULL)
		snprintf(end_of, sizeof(end_of), "\n%-5d +++ killed",
		    atoi(at));
	killed = (at != NULL || s->target == WORKER) &&
	    strstr(trace.data, end_of) != NULL;
	buffer_free(&trace);
	return killed;
}

static bool
session_left_entry(struct setting *s)
{
	return s->took_ms >= EARLY_MS && s->target == ANY &&
	    was_killed(s, " linkat(");
}

/* One message with a fault, and a queue run without one. */
static int
submit_with(struct setting *s, const char *inject)
{
	struct program_result	o;
	bool			supervisor, sender;
	int			status;
	size_t			copies;
	const char		*left;

	begin(s, inject);
	status = submit(s);
	supervisor = end(s);
	sender = was_killed(s, "\"EHLO ");
	relais_run(&o, s->conf, WORDS("-o", s->smarthost, "-qf"), "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	copies = count_received(s->host) + count_received(s->second) -
	    s->received;
	s->received += copies;
	left = temp_spool_entries(s->spool, SPOOL_QUEUE);
	if (left[0] != '\0')
		fail_msg("%s: in the queue: %s", inject, left);
	left = temp_spool_entries(s->spool, SPOOL_FAILED);
	if (left[0] != '\0')
		fail_msg("%s: failed: %s", inject, left);
	if (status == 0 && copies == 0)
		fail_msg("%s: it is lost", inject);
	if (copies > (supervisor || sender || session_left_entry(s) ? 2 : 1))
		fail_msg("%s: it came %zu times", inject, copies);
	s->runs++;
	s->killed += supervisor || sender;
	s->deferred += status != 0;
	s->twice += copies == 2;
	return status;
}

static void
submit_with_each(struct setting *s, const struct strace_fault *fault)
{
	struct strace_calls	calls;
	struct strace_walk	walk = { .calls = &calls, .fault = fault };
	char			inject[100];

	/* The first message creates the spool. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(submit_with(s, NULL), 0);
	strace_learn(&calls, temp_dir_path(&s->dir, "trace"), NULL);
	while (strace_next(&walk, inject, sizeof(inject)))
		submit_with(s, inject);
}

static void
end_report(struct setting *s)
{
	print_message("%zu runs: the supervisor or the worker was killed in "
	    "%zu; %zu callers kept their message, %zu messages came twice\n",
	    s->runs, s->killed, s->deferred, s->twice);
	setting_close(s);
}

static const struct strace_fault	killed = { "signal=KILL", NULL, false };

static const struct script	deferring = { .steps = {
	{ .at = ON_RCPT, .say = "451 4.7.1 grey" },
} };

static void
kill_the_supervisor(void **state)
{
	struct setting	s;

	(void)state;
	setting_open(&s, SUPERVISOR, &accepting);
	submit_with_each(&s, &killed);
	assert_in_range(s.killed, s.runs / 2, s.runs);
	end_report(&s);
}

static void
kill_the_worker(void **state)
{
	struct setting	s;

	(void)state;
	setting_open(&s, WORKER, &accepting);
	submit_with_each(&s, &killed);
	assert_in_range(s.killed, s.runs / 2, s.runs);
	/* The smarthost had accepted the message, but this was not known. */
	assert_in_range(s.twice, 1, s.runs);
	end_report(&s);
}

static void
kill_the_session(void **state)
{
	struct setting	s;

	(void)state;
	setting_open(&s, ANY, &accepting);
	submit_with_each(&s, &killed);
	assert_in_range(s.deferred, 1, s.runs);
	end_report(&s);
}

static const struct script	slow = { .steps = {
	{ .at = ON_BODY, .delay_ms = EARLY_MS + 1500 },
} };

/* Its entry is in doubt, and its caller is told that it was not queued. */
static void
kill_a_session_that_has_written_the_entry_early(void **state)
{
	struct setting	s;

	(void)state;
	setting_open(&s, ANY, &slow);
	assert_int_equal(submit_with(&s, "inject=fsync:signal=KILL:when=2"),
	    EX_TEMPFAIL);
	assert_int_equal(s.twice, 1);
	end_report(&s);
}

static void
kill_a_session_that_queues(void **state)
{
	struct setting	s;

	(void)state;
	setting_open(&s, ANY, &deferring);
	submit_with_each(&s, &killed);
	assert_in_range(s.deferred, 1, s.runs);
	end_report(&s);
}

static void
failing_calls(void **state)
{
	/* While these fail, the client tries again, for up to a minute. */
	static const char		starting[] = " accept4 clone clone3 "
					    "socketpair ";
	static const char		making[] = " memfd_create openat "
					    "pipe2 recvmsg socket ";
	static const char		keeping[] = " fsync fdatasync linkat "
					    "openat utimensat ";
	const struct strace_fault	faults[] = {
		{ "error=EMFILE", starting, false },
		{ "error=EMFILE", making, false },
		{ "error=EMFILE", making, true },
		{ "error=ENOSPC", keeping, false },
		{ "error=ENOSPC", keeping, true },
	};
	struct setting			s;

	(void)state;
	setting_open(&s, ANY, &deferring);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		submit_with_each(&s, &faults[i]);
	assert_int_equal(s.killed, 0);
	end_report(&s);
}

static const struct CMUnitTest crash_spec[] = {
	cmocka_unit_test(kill_the_supervisor),
	cmocka_unit_test(kill_the_worker),
	cmocka_unit_test(kill_the_session),
	cmocka_unit_test(kill_a_session_that_has_written_the_entry_early),
	cmocka_unit_test(kill_a_session_that_queues),
	cmocka_unit_test(failing_calls),
};

int
main(void)
{
	return cmocka_run_group_tests(crash_spec, NULL, NULL);
}
