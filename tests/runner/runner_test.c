/*
 * runner_run_queue() with a scripted smarthost: the entries of one queue run.
 */
#include <sys/stat.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "queue/id.h"
#include "runner/runner.h"
#include "support/cases.h"
#include "support/mock_smtp.h"
#include "support/spool_place.h"
#include "support/temp_spool.h"

struct run_case {
	const char		*sentence;
	struct script		 script;
	size_t			 entries;	/* in the queue */
	size_t			 chosen;	/* by the queue run */
	size_t			 result[ATTEMPT_RESULTS];
	size_t			 connections[2]; /* from, to */
	const char		*conf;		/* or NULL */
	bool			 first_only;	/* choose one by its ID */
	bool			 with_dir;	/* and an entry "directory" */
	bool			 is_stopped;	/* by SIGTERM during RCPT */
};

/* Called in the parent process; the smarthost holds the reply to RCPT. */
static void
stop_run(void *context, const struct runner_totals *totals)
{
	struct mock_smtp	*host = context;

	assert_true(mock_smtp_wait_commands(host, ON_RCPT, 1));
	if (totals->stopped)
		mock_smtp_release(host);
	else
		raise(SIGTERM);
}

static void
is_run(void **state)
{
	static const char *const	to[] = { "b@example.net", "" };
	const struct run_case		*c = *state;
	struct runner_totals		 totals;
	struct mock_smtp		*host = mock_smtp_start(&c->script);
	struct spool_place		 at;
	struct failure			 why;
	char				 conf[256], id[ID_SIZE];
	sigset_t			 term;
	struct runner			 runner = {
		.config = &at.config, .me = &at.me, .log = &at.log,
		.spool = &at.spool,
	};

	snprintf(conf, sizeof(conf), "smarthost = smtp://127.0.0.1:%u\n"
	    "timeout = 5s\nhelo = client.example\ndomain = example.org\n%s",
	    host->port, c->conf != NULL ? c->conf : "");
	spool_place_open(&at, "", conf);
	for (size_t i = 0; i < c->entries; i++)
		temp_spool_put(&at.spool, id, to);
	if (c->with_dir)
		assert_int_equal(mkdirat(at.spool.dir[SPOOL_QUEUE],
		    "directory", 0700), 0);
	if (c->first_only)
		runner.choice.id = id;
	if (c->is_stopped) {
		runner.progress = stop_run;
		runner.context = host;
	}

	/* The signal is raised again after the queue run. */
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	if (!runner_run_queue(&runner, &totals, &why))
		fail_msg("%s", why.text);
	assert_int_equal(sigtimedwait(&term, NULL, &(struct timespec){ 0 }),
	    c->is_stopped ? SIGTERM : -1);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	assert_int_equal(totals.entries, c->chosen);
	for (int i = 0; i < ATTEMPT_RESULTS; i++)
		assert_int_equal(totals.result[i], c->result[i]);
	assert_int_equal(totals.stopped, c->is_stopped);
	assert_true(mock_smtp_connections(host) >= c->connections[0]);
	assert_true(mock_smtp_connections(host) <= c->connections[1]);
	assert_int_equal(temp_spool_count(&at.spool, SPOOL_QUEUE),
	    c->entries - c->result[ATTEMPT_DELIVERED] -
	    c->result[ATTEMPT_FAILED]);
	assert_int_equal(temp_spool_count(&at.spool, SPOOL_FAILED),
	    c->with_dir);

	mock_smtp_stop(host);
	spool_place_close(&at);
}

#define STEPS(...)	{ .steps = { __VA_ARGS__ } }
#define SESSIONS(from, to)	.connections = { from, to }
#define RESULT(...)	.result = { __VA_ARGS__ }

static const struct run_case cases[] = {
	{ "an empty queue needs no connection", { 0 }, 0, 0, SESSIONS(0, 0) },
	{ "each entry is delivered once, in one session", { 0 }, 5, 5,
	    RESULT([ATTEMPT_DELIVERED] = 5), SESSIONS(1, 1) },
	{ "each ten entries may have a session of their own", { 0 }, 20, 20,
	    RESULT([ATTEMPT_DELIVERED] = 20), SESSIONS(1, 2) },
	{ "the key connections limits the number of sessions", { 0 }, 30, 30,
	    RESULT([ATTEMPT_DELIVERED] = 30), SESSIONS(1, 1),
	    .conf = "connections = 1\n" },
	{ "a single entry can be chosen by its ID", { 0 }, 3, 1,
	    RESULT([ATTEMPT_DELIVERED] = 1), SESSIONS(1, 1),
	    .first_only = true },
	{ "an entry that is deferred does not affect the others",
	    STEPS({ .at = ON_RCPT, .nth = 1, .say = "451 later" }), 3, 3,
	    RESULT([ATTEMPT_DELIVERED] = 2, [ATTEMPT_DEFERRED] = 1),
	    SESSIONS(1, 1) },
	{ "if the smarthost cannot be reached, all entries are deferred",
	    { .refusing = true }, 30, 30, RESULT([ATTEMPT_DEFERRED] = 30),
	    SESSIONS(0, 0) },
	{ "a directory in the queue is moved to failed/", { 0 }, 1, 2,
	    RESULT([ATTEMPT_DELIVERED] = 1, [ATTEMPT_BAD] = 1), SESSIONS(1, 1),
	    .with_dir = true },
	{ "SIGTERM ends the queue run after the current message",
	    STEPS({ .at = ON_RCPT, .nth = 1, .hold = true }), 3, 3,
	    RESULT([ATTEMPT_DELIVERED] = 1), SESSIONS(1, 1),
	    .is_stopped = true },
};

int
main(void)
{
	return CASES_RUN("runner", is_run, cases);
}
