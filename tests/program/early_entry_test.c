/*
 * A smarthost that does not reply for five seconds: the message is in the queue
 * while sendmail waits, and survives SIGKILL.
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
#include "support/queue_fixture.h"
#include "support/temp_spool.h"

enum { HOUR = 60 * 60 };

#define BOTH		"?a@example.net ?b@example.net"
#define HOLDS(at_)	.steps = { { .at = at_, .hold = true } }
#define REFUSES(reply)	.steps = { { .at = ON_RCPT, .match = "b@", \
	.hold = true, .say = reply } }

static const struct early_case {
	const char	*sentence;
	struct script	 script;
	const char	*more;		/* of the configuration */
	const char	*waiting;	/* queue/ while the server is silent */
	bool		 in_doubt;	/* due after an hour */
	bool		 killed;	/* at this moment; otherwise the server
					 * replies */
	int		 status;
	const char	*queued;	/* afterwards */
	const char	*failed;	/* and in failed/ */
	bool		 still_in_doubt;
	const char	*words;		/* on standard error, or NULL */
} cases[] = {
	{ "killed while it waits for the greeting", { HOLDS(ON_GREETING) },
	    NULL, BOTH, false, true, 0, BOTH, "", false, NULL },
	{ "killed while it waits for the reply to MAIL", { HOLDS(ON_MAIL) },
	    NULL, BOTH, true, true, 0, BOTH, "", true, NULL },
	{ "killed while it waits for the final reply", { HOLDS(ON_BODY) },
	    NULL, BOTH, true, true, 0, BOTH, "", true, NULL },
	{ "killed while the second of two messages waits",
	    { .steps = { { .at = ON_RCPT, .match = "b@", .hold = true } } },
	    "[to b@example.net]\nearly_bdat = no\n",
	    "+a@example.net ?b@example.net", true, true, 0,
	    "+a@example.net ?b@example.net", "", true, NULL },
	{ "delivered after a silence before the greeting",
	    { HOLDS(ON_GREETING) }, NULL, BOTH, false, false, 0, "", "",
	    false, NULL },
	{ "delivered after a silence before the final reply",
	    { HOLDS(ON_BODY) }, NULL, BOTH, true, false, 0, "", "", false,
	    NULL },
	{ "refused after a silence", { .steps = { { .at = ON_MAIL,
	    .hold = true, .say = "550 5.7.1 no" } } }, NULL, BOTH, true,
	    false, EX_UNAVAILABLE, "", "-a@example.net -b@example.net", false,
	    "550 5.7.1 no" },
	{ "deferred after a silence", { .steps = { { .at = ON_MAIL,
	    .hold = true, .say = "450 4.7.1 later" } } }, NULL, BOTH, true,
	    false, 0, BOTH, "", false, NULL },
	{ "one recipient is deferred after a silence",
	    { REFUSES("450 4.2.1 later") }, NULL, BOTH, true, false, 0,
	    "+a@example.net ?b@example.net", "", false, NULL },
	{ "one recipient is refused after a silence",
	    { REFUSES("550 5.1.1 unknown") }, NULL, BOTH, true, false,
	    EX_NOUSER, "", "-b@example.net", false, "550 5.1.1 unknown" },
	{ "one recipient is refused, and the other deferred after a silence",
	    { .steps = { { .at = ON_RCPT, .match = "a@", .say = "550 5.1.1 "
	    "unknown" }, { .at = ON_RCPT, .match = "b@", .hold = true,
	    .say = "450 4.2.1 later" } } }, NULL,
	    "-a@example.net ?b@example.net", true, false, EX_NOUSER, "?b@example.net", "-a@example.net", false,
	    "550 5.1.1 unknown" },
	{ "the queue has no room: it waits without an entry, and says so",
	    { HOLDS(ON_BODY) }, "queue_size_limit = 1\nlog = stderr\n",
	    NULL, false, false, 0, "", "", false, "the message is not in the "
	    "queue while relais waits for the smarthost" },
};

enum { CASES = sizeof(cases) / sizeof(*cases) };

/* All cases run at the same time, because each of them takes five seconds. */
static struct trial {
	const struct early_case	*what;
	struct queue_fixture	 p;
	struct running		*run;
} trials[CASES];

static int
start_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < CASES; i++) {
		struct trial	*t = &trials[i];
		struct spool	 spool;
		struct failure	 why;

		t->what = &cases[i];
		queue_fixture_open(&t->p, &t->what->script, t->what->more);
		assert_true(spool_open(&spool, t->p.spool,
		    &(struct spool_options){ .create = true }, &why));
		spool_close(&spool);
		t->run = program_start(&(struct program){ .argv =
		    WORDS("relais", "-C", t->p.conf, "-i", "a@example.net",
		    "b@example.net"),
		    .input_file = temp_dir_write(&t->p.dir, "letter", 0600,
		    "Subject: x\nFrom: me@example.org\n\nhi\n") });
	}
	return 0;
}

static bool
waits_an_hour(const struct trial *t, bool locked)
{
	bool	is_locked;
	int64_t	next = temp_spool_next(t->p.spool, &is_locked);

	assert_int_equal(is_locked, locked);
	return next > HOUR - 60;
}

static void
is_not_lost(void **state)
{
	struct trial		*t = *state;
	const struct early_case	*c = t->what;
	struct program_result	 o;

	if (c->waiting == NULL) {
		program_wait_output(t->run, c->words);
		assert_string_equal(temp_spool_entries(t->p.spool,
		    SPOOL_QUEUE), "");
	} else {
		temp_spool_wait(t->p.spool, 1);
		assert_string_equal(temp_spool_entries(t->p.spool,
		    SPOOL_QUEUE), c->waiting);
		assert_int_equal(waits_an_hour(t, true), c->in_doubt);
	}
	if (!c->killed)
		mock_smtp_release(t->p.host);
	program_stop(t->run, c->killed ? SIGKILL : 0, &o);
	assert_int_equal(o.signal, c->killed ? SIGKILL : 0);
	assert_int_equal(o.status, c->killed ? -1 : c->status);
	if (c->words == NULL)
		assert_string_equal(o.err.data, "");
	else if (strstr(o.err.data, c->words) == NULL)
		fail_msg("no \"%s\" in: %s", c->words, o.err.data);
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(t->p.spool, SPOOL_QUEUE),
	    c->queued);
	assert_string_equal(temp_spool_entries(t->p.spool, SPOOL_FAILED),
	    c->failed);
	if (c->queued[0] != '\0')
		assert_int_equal(waits_an_hour(t, false), c->still_in_doubt);
	queue_fixture_close(&t->p);
}

int
main(void)
{
	struct CMUnitTest	tests[CASES];

	for (size_t i = 0; i < CASES; i++)
		tests[i] = (struct CMUnitTest){ .name = cases[i].sentence,
		    .test_func = is_not_lost, .initial_state = &trials[i] };
	return cmocka_run_group_tests_name("early_entry", tests, start_all,
	    NULL);
}
