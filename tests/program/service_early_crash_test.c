/*
 * The service is stopped while the smarthost is silent, so that the session
 * writes the entry early; the session or the worker is killed before each
 * system call that changes something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/spool.h"
#include "support/program.h"
#include "support/serving.h"
#include "support/skip.h"
#include "support/strace.h"
#include "support/temp_spool.h"
#include "util/clock.h"

enum { HOUR = 60 * 60, DEADLINE_MS = 30 * 1000, LOOK_AGAIN_MS = 2 };

enum target { SESSION, WORKER };

struct walk {
	enum target		 target;
	size_t			 runs, kept, queued;
};

static const struct script	silent = { .steps = { { .at = ON_BODY,
				    .hold = true } } };

/* Until the entry exists, or the process that writes it does not. */
static void
wait_for_entry(const struct serving *s, pid_t session)
{
	const struct timespec	pause = { 0, LOOK_AGAIN_MS * 1000000 };
	int64_t			end = clock_ms() + DEADLINE_MS;

	while (temp_spool_entries(s->spool, SPOOL_QUEUE)[0] == '\0' &&
	    kill(session, 0) == 0) {
		if (clock_ms() > end)
			fail_msg("no entry has been written");
		nanosleep(&pause, NULL);
	}
}

static size_t
count_accepted(struct serving *s)
{
	size_t	n = 0;

	assert_true(mock_smtp_wait_closed(s->host, 1));
	for (size_t i = 0; i < mock_smtp_messages(s->host); i++)
		n += mock_smtp_message(s->host, i)->code == 250;
	return n;
}

/*
 * Status 0 promises that the message is somewhere.  If the server has accepted
 * it, an entry that still waits for this is not due for an hour.
 */
static void
check(struct walk *w, struct serving *s, int status, const char *inject)
{
	char		 queued[100];
	size_t		 copies = count_accepted(s);
	bool		 locked;

	strlcpy(queued, temp_spool_entries(s->spool, SPOOL_QUEUE),
	    sizeof(queued));
	if (status != 0 && status != EX_TEMPFAIL)
		fail_msg("%s: status %d", inject, status);
	if (queued[0] == '\0' && copies == 0 && status == 0)
		fail_msg("%s: the message is lost", inject);
	if (queued[0] == '?' && copies > 0 &&
	    temp_spool_next(s->spool, &locked) < HOUR - 60)
		fail_msg("%s: the message will be sent twice", inject);
	if (temp_spool_entries(s->spool, SPOOL_FAILED)[0] != '\0')
		fail_msg("%s: there is a failed entry", inject);
	w->runs++;
	w->kept += status != 0;
	w->queued += queued[0] == '?';
}

/* inject may be NULL; calls, too, or is set to those of the target. */
static void
stop_in_silence(struct walk *w, const char *inject, struct strace_calls *calls)
{
	const char		*trace;
	struct serving		 s;
	struct running		*caller, *strace;
	struct program_result	 o;
	pid_t			 child[2];
	char			 pid[20];
	int			 status;

	serving_open(&s, &silent, "connections = 1\n");
	trace = temp_dir_path(&s.dir, "trace");
	serving_start(&s, NULL);
	caller = program_start(&(struct program){ .argv = WORDS("relais",
	    "-C", s.conf, "-i", "a@example.net"), .input_file =
	    temp_dir_write(&s.dir, "letter", 0600, "Subject: x\n\nhi\n") });
	assert_true(mock_smtp_wait_commands(s.host, ON_MAIL, 1));
	/* The session is started before its worker. */
	assert_int_equal(serving_children(program_pid(s.running), child, 2), 2);
	snprintf(pid, sizeof(pid), "%ld", (long)child[w->target]);
	strace = program_start(&(struct program){ .path = STRACE, .argv =
	    WORDS("strace", "-o", trace, "-p", pid, "-e", inject != NULL ?
	    inject : "trace=all") });
	program_wait_output(strace, "ttached");
	kill(program_pid(s.running), SIGTERM);
	wait_for_entry(&s, child[SESSION]);
	mock_smtp_release(s.host);
	program_stop(caller, 0, &o);
	status = o.status;
	program_result_free(&o);
	program_stop(s.running, 0, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	s.running = NULL;
	program_stop(strace, 0, &o);
	program_result_free(&o);
	if (calls != NULL)
		strace_learn(calls, trace, NULL);
	check(w, &s, status, inject != NULL ? inject : "no fault");
	serving_close(&s);
}

static void
killed_at_each_call(struct walk *w)
{
	const struct strace_fault	fault = { .how = "signal=KILL" };
	struct strace_calls		calls;
	struct strace_walk		walk = { .calls = &calls,
					    .fault = &fault };
	char				inject[100];

	strace_need();
	if (geteuid() != 0)
		skip_because("only root can trace the service once it runs");
	stop_in_silence(w, NULL, &calls);
	assert_int_equal(w->kept + w->queued, 0);
	while (strace_next(&walk, inject, sizeof(inject)))
		stop_in_silence(w, inject, NULL);
	print_message("%zu runs: %zu callers kept their message, %zu entries "
	    "remain\n", w->runs, w->kept, w->queued);
}

static void
kill_the_session(void **state)
{
	struct walk	w = { .target = SESSION };

	(void)state;
	killed_at_each_call(&w);
	assert_in_range(w.kept, 5, w.runs);
	assert_in_range(w.queued, 2, w.runs);
}

static void
kill_the_worker(void **state)
{
	struct walk	w = { .target = WORKER };

	(void)state;
	killed_at_each_call(&w);
	assert_int_equal(w.kept, 0);
	assert_in_range(w.queued, 1, w.runs);
}

static const struct CMUnitTest service_early_crash_spec[] = {
	{ "the session is killed at each call", kill_the_session, NULL, NULL,
	    NULL },
	{ "the worker is killed at each call", kill_the_worker, NULL, NULL,
	    NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(service_early_crash_spec, NULL, NULL);
}
