/* What a queue run does if the smarthost as such refuses. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/spool_state.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/temp_spool.h"

#define LOGIN	"tls = off\nauth = plain\nuser = u\n"
#define WRONG	LOGIN "password = wrong\n"

static const struct script	locked = { .user = "u", .password = "right",
				    .auth_in_clear = true,
				    .auth_required = true };

enum { ENTRIES = 25, LONG_AGO = 1000000000 };

static void
put_entries(struct queue_fixture *p, int n)
{
	for (int i = 0; i < n; i++)
		queue_fixture_put(p, "me@example.org",
		    (const char *const[]){ "a@example.net", "" });
}

static size_t
count_commands(struct queue_fixture *p, enum stage stage)
{
	size_t	n = 0, connections = mock_smtp_connections(p->host);

	for (size_t i = 0; i < connections; i++) {
		const struct heard	*heard = mock_smtp_heard(p->host, i);

		for (size_t j = 0; j < heard->n_commands; j++)
			n += heard->command[j].stage == stage;
	}
	return n;
}

/* Changes the facts about the only smarthost. */
static void
set_not_before(struct queue_fixture *p, int64_t not_before)
{
	struct spool_state	facts;
	struct spool		spool;
	struct failure		why;

	temp_spool_open(&spool, p->spool);
	assert_true(spool_state_open(&facts, &spool, 1, &why));
	assert_int_equal(facts.n_hosts, 1);
	facts.host[0].not_before = not_before;
	assert_true(spool_state_close(&facts, &why));
	spool_close(&spool);
}

static int64_t
trouble_of(struct queue_fixture *p)
{
	struct spool_state	facts;
	struct spool		spool;
	int64_t			trouble;

	temp_spool_open(&spool, p->spool);
	spool_state_read(&facts, &spool);
	assert_int_equal(facts.n_hosts, 1);
	trouble = facts.host[0].trouble;
	spool_state_free(&facts);
	spool_close(&spool);
	return trouble;
}

/* relais queue run: only entries that are due. */
static void
run_due(struct queue_fixture *p)
{
	struct program_result	o;

	relais_run(&o, p->conf, WORDS("queue", "run"), "");
	program_result_free(&o);
}

static void
expect_logins(struct queue_fixture *p, size_t n)
{
	assert_int_equal(count_commands(p, ON_AUTH), n);
	assert_int_equal(temp_spool_count_in(p->spool, SPOOL_QUEUE), ENTRIES);
	assert_int_equal(temp_spool_count_in(p->spool, SPOOL_FAILED), 0);
}

static void
a_refused_login_is_tried_once(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &locked, WRONG);
	put_entries(&p, ENTRIES);
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	expect_logins(&p, 1);
	assert_int_equal(trouble_of(&p), SPOOL_TROUBLE_LOGIN);
	relais_run(&o, p.conf, WORDS("-bp"), "");
	assert_non_null(strstr(o.out.data, "AUTH PLAIN: 535"));
	program_result_free(&o);

	/* The schedule of the smarthost counts, not that of the entries. */
	queue_fixture_make_due(&p);
	run_due(&p);
	expect_logins(&p, 1);
	queue_fixture_make_due(&p);
	set_not_before(&p, LONG_AGO);
	run_due(&p);
	expect_logins(&p, 2);
	/* An administrator need not wait. */
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	expect_logins(&p, 3);

	/* If the clock was set back, the attempt is due. */
	queue_fixture_make_due(&p);
	set_not_before(&p, INT32_MAX);
	run_due(&p);
	expect_logins(&p, 4);
	queue_fixture_close(&p);
}

static void
the_right_password_ends_the_trouble(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &locked, WRONG);
	put_entries(&p, 2);
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	queue_fixture_change(&p, &locked, LOGIN "password = right\n");
	queue_fixture_run(&p, "-q", 0);
	assert_int_equal(temp_spool_count_in(p.spool, SPOOL_QUEUE), 0);
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

static void
an_invalid_state_stops_nothing(void **state)
{
	struct queue_fixture	p;
	char			path[120];
	int			fd;

	(void)state;
	queue_fixture_open(&p, &locked, LOGIN "password = right\n");
	put_entries(&p, 2);
	snprintf(path, sizeof(path), "%s/state", p.spool);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "\0\n\xff", 3), 3);
	close(fd);
	queue_fixture_run(&p, "-q", 0);
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

struct refused_mail {
	const char	*say;
	size_t		 commands;	/* MAIL, until the run ends */
};

static void
stops_after(void **state)
{
	const struct refused_mail	*t = *state;
	struct script			 script = { .steps = { { .at = ON_MAIL,
					    .say = t->say } } };
	struct queue_fixture		 p;

	queue_fixture_open(&p, &script, "connections = 1\n");
	put_entries(&p, 8);
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_int_equal(count_commands(&p, ON_MAIL), t->commands);
	assert_int_equal(temp_spool_count_in(p.spool, SPOOL_QUEUE), 8);
	queue_fixture_close(&p);
}

/* Each of them has a MAIL command without a reply when the first is refused. */
static void
workers_stop_together(void **state)
{
	enum { WORKERS = 4, MANY = 40 };
	struct script		script = { .steps = {
				    { .at = ON_MAIL, .nth = 1, .hold = true,
				    .say = "451 4.3.2 overloaded" },
				    { .at = ON_MAIL,
				    .say = "451 4.3.2 overloaded" } } };
	struct queue_fixture	p;
	struct running		*run;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &script, "connections = 4\n");
	put_entries(&p, MANY);
	run = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "-q") });
	assert_true(mock_smtp_wait_commands(p.host, ON_MAIL, WORKERS));
	for (int i = 0; i < WORKERS; i++)
		mock_smtp_release(p.host);
	program_stop(run, 0, &o);
	assert_int_equal(o.status, EX_TEMPFAIL);
	program_result_free(&o);
	/* Three refusals are enough, but others may be on their way. */
	assert_in_range(count_commands(&p, ON_MAIL), WORKERS, WORKERS + 2);
	assert_int_equal(temp_spool_count_in(p.spool, SPOOL_QUEUE), MANY);
	queue_fixture_close(&p);
}

#define STOPS(sentence, ...) { sentence, stops_after, NULL, NULL, \
	&(struct refused_mail){ __VA_ARGS__ } }

static const struct CMUnitTest backoff_spec[] = {
	{ "a refused password is tried once for the smarthost, not for each "
	    "entry, and no entry is given up", a_refused_login_is_tried_once,
	    NULL, NULL, NULL },
	{ "with the right password, the queue is sent",
	    the_right_password_ends_the_trouble, NULL, NULL, NULL },
	{ "an invalid DIR/state stops nothing", an_invalid_state_stops_nothing,
	    NULL, NULL, NULL },
	STOPS("451 to MAIL for three entries in a row ends the queue run",
	    "451 4.3.2 overloaded", 3),
	STOPS("452 to MAIL ends it, too", "452 4.3.1 no space", 3),
	STOPS("an unknown sender does not stop the messages of others",
	    "450 4.1.8 Sender address rejected: Domain not found", 8),
	{ "the workers of a queue run count together", workers_stop_together,
	    NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(backoff_spec, NULL, NULL);
}
