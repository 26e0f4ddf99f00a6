/*
 * A smarthost that does not reply while callers wait for the service: their
 * messages are in the queue after five seconds, or as soon as the service is
 * told to stop, and survive SIGKILL of any process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sysexits.h>

#include "queue/spool.h"
#include "support/program.h"
#include "support/serving.h"
#include "support/temp_spool.h"

enum { HOUR = 60 * 60, CALLERS = 10 };

#define BOTH		"?a@example.net ?b@example.net"
#define HOLDS(at_)	.steps = { { .at = at_, .hold = true } }
#define TWO_MESSAGES	{ .steps = { { .at = ON_RCPT, .match = "b@", \
	.hold = true } } }, "[to b@example.net]\nearly_bdat = no\n"

/* What is killed while the server is silent. */
enum victim { NOTHING, CALLER, SESSION, WORKER, EVERYTHING };

static const struct service_case {
	const char	*sentence;
	struct script	 script;
	const char	*more;		/* of the configuration */
	bool		 stopped;	/* with SIGTERM, at once */
	const char	*waiting;	/* queue/ while the server is silent */
	enum victim	 killed;
	bool		 replies;	/* then the server does */
	int		 status;	/* of the caller; -1: a signal */
	const char	*queued;	/* afterwards */
	const char	*failed;	/* and in failed/ */
	const char	*words;		/* of the caller's error, or NULL */
} cases[] = {
	{ "the service is stopped, and the message is delivered",
	    { HOLDS(ON_BODY) }, "", true, BOTH, NOTHING, true, 0, "", "",
	    NULL },
	{ "the service is stopped, and killed after that",
	    { HOLDS(ON_BODY) }, "", true, BOTH, EVERYTHING, false,
	    EX_TEMPFAIL, BOTH, "", "" },
	{ "delivered after a silence", { HOLDS(ON_BODY) }, "", false, BOTH,
	    NOTHING, true, 0, "", "", NULL },
	{ "refused after a silence", { .steps = { { .at = ON_MAIL,
	    .hold = true, .say = "550 5.7.1 no" } } }, "", false, BOTH,
	    NOTHING, true, EX_UNAVAILABLE, "",
	    "-a@example.net -b@example.net", "550 5.7.1 no" },
	{ "deferred after a silence", { .steps = { { .at = ON_MAIL,
	    .hold = true, .say = "450 4.7.1 later" } } }, "", false, BOTH,
	    NOTHING, true, 0, BOTH, "", NULL },
	{ "the caller is killed: the message is delivered",
	    { HOLDS(ON_BODY) }, "", false, BOTH, CALLER, true, -1, "", "",
	    NULL },
	{ "the session is killed", { HOLDS(ON_BODY) }, "", false, BOTH,
	    SESSION, true, EX_TEMPFAIL, BOTH, "", "the message" },
	{ "the session is killed after one of two transactions",
	    TWO_MESSAGES, false, "+a@example.net ?b@example.net", SESSION,
	    true, EX_TEMPFAIL, "+a@example.net ?b@example.net", "", "" },
	{ "the worker is killed", { HOLDS(ON_BODY) }, "", false, BOTH, WORKER,
	    false, 0, BOTH, "", NULL },
	{ "the worker is killed after one of two transactions",
	    TWO_MESSAGES, false, "+a@example.net ?b@example.net", WORKER,
	    false, 0, "+a@example.net ?b@example.net", "", NULL },
	{ "all processes are killed", { HOLDS(ON_BODY) }, "", false, BOTH,
	    EVERYTHING, false, EX_TEMPFAIL, BOTH, "", "" },
};

enum { CASES = sizeof(cases) / sizeof(*cases) };

/* All cases run at the same time, because most of them take five seconds. */
static struct trial {
	const struct service_case	*what;
	struct serving			 s;
	struct running			*caller;
} trials[CASES];

static struct running *
start_caller(struct serving *s)
{
	return program_start(&(struct program){ .argv = WORDS("relais", "-C",
	    s->conf, "-i", "a@example.net", "b@example.net"), .input_file =
	    temp_dir_write(&s->dir, "letter", 0600,
	    "Subject: x\nFrom: me@example.org\n\nhi\n") });
}

static int
start_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct trial	*t = &trials[i];

		t->what = &cases[i];
		serving_open(&t->s, &cases[i].script, cases[i].more);
		serving_start(&t->s, NULL);
		t->caller = start_caller(&t->s);
	}
	return 0;
}

/* The session is started before its worker. */
static void
kill_victim(struct trial *t)
{
	pid_t	service = program_pid(t->s.running), child[2];

	if (t->what->killed == CALLER)
		kill(program_pid(t->caller), SIGKILL);
	if (t->what->killed < SESSION)
		return;
	assert_int_equal(serving_children(service, child, 2), 2);
	/* A service that has been stopped would exit after its children. */
	if (t->what->killed == EVERYTHING)
		kill(service, SIGSTOP);
	/*
	 * The session first: it would reply if it saw the end of the worker,
	 * which also ends when the service does.
	 */
	if (t->what->killed != WORKER)
		kill(child[0], SIGKILL);
	if (t->what->killed != SESSION)
		kill(child[1], SIGKILL);
	if (t->what->killed == EVERYTHING)
		kill(service, SIGKILL);
}

static void
is_not_lost(void **state)
{
	struct trial			*t = *state;
	const struct service_case	*c = t->what;
	struct program_result		 o;
	bool				 locked;

	if (c->stopped) {
		assert_true(mock_smtp_wait_commands(t->s.host, ON_MAIL, 1));
		kill(program_pid(t->s.running), SIGTERM);
	}
	temp_spool_wait(t->s.spool, 1);
	assert_string_equal(temp_spool_entries(t->s.spool, SPOOL_QUEUE),
	    c->waiting);
	assert_true(temp_spool_next(t->s.spool, &locked) > HOUR - 60);
	assert_true(locked);
	kill_victim(t);
	if (c->killed == SESSION) {
		program_stop(t->caller, 0, &o);
		mock_smtp_release(t->s.host);
	} else {
		if (c->replies)
			mock_smtp_release(t->s.host);
		program_stop(t->caller, 0, &o);
	}
	assert_int_equal(o.status, c->status);
	if (c->words == NULL)
		assert_string_equal(o.err.data, "");
	else if (strstr(o.err.data, c->words) == NULL)
		fail_msg("no \"%s\" in: %s", c->words, o.err.data);
	program_result_free(&o);
	program_stop(t->s.running, c->killed == EVERYTHING || c->stopped ? 0 :
	    SIGTERM, &o);
	assert_int_equal(o.signal, c->killed == EVERYTHING ? SIGKILL : 0);
	program_result_free(&o);
	t->s.running = NULL;
	assert_string_equal(temp_spool_entries(t->s.spool, SPOOL_QUEUE),
	    c->queued);
	assert_string_equal(temp_spool_entries(t->s.spool, SPOOL_FAILED),
	    c->failed);
	if (c->queued[0] != '\0' && c->killed != NOTHING) {
		assert_true(temp_spool_next(t->s.spool, &locked) > HOUR - 60);
		assert_false(locked);
	}
	serving_close(&t->s);
}

/* Callers, of which as many are being served as there are connections. */
struct stop {
	const char	*connections;
	size_t		 asked;		/* messages that the server gets */
	bool		 killed;	/* by a second SIGTERM, in silence */
};

static void
stop_while_callers_wait(void **state)
{
	const struct stop	*c = *state;
	const struct script	 script = { .steps = { { .at = ON_BODY,
				    .hold = true } } };
	struct running		*caller[CALLERS];
	struct program_result	 o;
	struct serving		 s;
	struct spool		 spool;
	struct failure		 why;

	serving_open(&s, &script, c->connections);
	serving_start(&s, NULL);
	for (size_t i = 0; i < CALLERS; i++)
		caller[i] = start_caller(&s);
	assert_true(mock_smtp_wait_commands(s.host, ON_MAIL, c->asked));
	temp_spool_wait(s.spool, CALLERS - c->asked);
	kill(program_pid(s.running), SIGTERM);
	temp_spool_wait(s.spool, CALLERS);
	if (c->killed)
		kill(program_pid(s.running), SIGTERM);
	for (size_t i = 0; i < c->asked && !c->killed; i++)
		mock_smtp_release(s.host);
	for (size_t i = 0, kept = 0; i < CALLERS; i++) {
		program_stop(caller[i], 0, &o);
		kept += o.status == EX_TEMPFAIL;
		if (o.status != 0 && o.status != EX_TEMPFAIL)
			fail_msg("status %d: %s", o.status, o.err.data);
		program_result_free(&o);
		if (i == CALLERS - 1)
			assert_int_equal(kept, c->killed ? c->asked : 0);
	}
	program_stop(s.running, 0, &o);
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	s.running = NULL;
	assert_true(spool_open(&spool, s.spool, &(struct spool_options){ 0 },
	    &why));
	assert_int_equal(temp_spool_count(&spool, SPOOL_QUEUE),
	    c->killed ? CALLERS : CALLERS - c->asked);
	spool_close(&spool);
	serving_close(&s);
}

#define STOPS(sentence, ...) { sentence, stop_while_callers_wait, NULL, NULL, \
	&(struct stop){ __VA_ARGS__ } }

static const struct CMUnitTest stop_spec[] = {
	STOPS("ten callers wait for the replies, and the service is stopped",
	    "connections = 10\n", 10, false),
	STOPS("ten callers wait, and four of them have a connection",
	    "connections = 4\n", 4, false),
	STOPS("ten callers wait, and the service is stopped twice",
	    "connections = 10\n", 10, true),
};

int
main(void)
{
	struct CMUnitTest	tests[CASES];
	int			failures;

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
		    .test_func = is_not_lost, .initial_state = &trials[i] };
	failures = cmocka_run_group_tests_name("service_early", tests,
	    start_all, NULL);
	return failures + cmocka_run_group_tests_name("service_stop",
	    stop_spec, NULL, NULL);
}
