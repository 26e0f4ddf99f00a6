/*
 * The smarthost refuses the login: new messages and queue runs together make
 * one attempt in each step of the schedule, with the service and without it,
 * and one when the configuration was changed.
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
#include <unistd.h>

#include "queue/spool_state.h"
#include "support/program.h"
#include "support/serving.h"
#include "support/temp_spool.h"

enum { MANY = 20, SOME = 4, LONG_AGO = 1000000000 };

static const struct script	locked = { .user = "u", .password = "right",
				    .auth_in_clear = true,
				    .auth_required = true };

/* The account is unlocked after the first attempt. */
static const struct script	unlocked = { .user = "u", .password = "right",
				    .auth_in_clear = true,
				    .auth_required = true, .steps = {
	{ .at = ON_AUTH, .connection = 1, .say = "535 5.7.8 locked" },
} };

struct place {
	struct serving	 s;
	bool		 service;
};

static void
set_password(struct place *p, const char *password)
{
	temp_dir_write(&p->s.dir, "password", 0600, password);
}

static void
open_place(struct place *p, const struct script *script, bool service)
{
	char	lines[300];

	p->service = service;
	serving_open(&p->s, script, "");
	snprintf(lines, sizeof(lines), "tls = off\nauth = plain\nuser = u\n"
	    "password_file = %s\n%s", temp_dir_path(&p->s.dir, "password"),
	    service ? "" : "socket = off\n");
	set_password(p, "wrong");
	serving_configure(&p->s, lines);
	if (service)
		serving_start(&p->s, NULL);
}

static void
run(struct place *p, const char *const *arguments, int status)
{
	struct program_result	o;

	relais_run(&o, p->s.conf, arguments, "Subject: x\n\nhi\n");
	if (o.status != status)
		fail_msg("status %d: %s", o.status, o.err.data);
	program_result_free(&o);
}

static void
submit(struct place *p, int status)
{
	run(p, WORDS("-i", "a@example.net"), status);
}

static void
queue_run(struct place *p)
{
	struct program_result	o;

	relais_run(&o, p->s.conf, WORDS("queue", "run"), "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

static size_t
count_logins(struct place *p)
{
	size_t	n = 0, connections = mock_smtp_connections(p->s.host);

	for (size_t i = 0; i < connections; i++) {
		const struct heard	*heard = mock_smtp_heard(p->s.host, i);

		for (size_t j = 0; j < heard->n_commands; j++)
			n += heard->command[j].stage == ON_AUTH;
	}
	return n;
}

/* Makes an attempt for the smarthost due. */
static void
make_due(struct place *p)
{
	struct spool_options	options = { 0 };
	struct spool_state	state;
	struct spool		spool;
	struct failure		why;

	assert_true(spool_open(&spool, p->s.spool, &options, &why));
	assert_true(spool_state_open(&state, &spool, 1, &why));
	assert_int_equal(state.n_hosts, 1);
	assert_int_equal(state.host[0].trouble, SPOOL_TROUBLE_LOGIN);
	state.host[0].not_before = LONG_AGO;
	assert_true(spool_state_close(&state, &why));
	spool_close(&spool);
}

/* The first message fails, and the others wait. */
static void
refuse_messages(struct place *p, int n)
{
	submit(p, EX_NOPERM);
	for (int i = 1; i < n; i++)
		submit(p, 0);
	assert_int_equal(count_logins(p), 1);
	assert_int_equal(temp_spool_count_in(p->s.spool, SPOOL_FAILED), 1);
	assert_int_equal(temp_spool_count_in(p->s.spool, SPOOL_QUEUE), n - 1);
}

static void
one_login_for_new_messages(void **state)
{
	struct place		p;
	struct program_result	o;

	open_place(&p, &locked, *(bool *)*state);
	refuse_messages(&p, MANY);
	relais_run(&o, p.s.conf, WORDS("-bp"), "");
	assert_non_null(strstr(o.out.data, "AUTH PLAIN: 535"));
	program_result_free(&o);
	queue_run(&p);
	assert_int_equal(count_logins(&p), 1);

	/* The sender of a message that makes the next attempt is not told. */
	make_due(&p);
	submit(&p, 0);
	submit(&p, 0);
	assert_int_equal(count_logins(&p), 2);
	assert_int_equal(temp_spool_count_in(p.s.spool, SPOOL_FAILED), 1);
	assert_int_equal(temp_spool_count_in(p.s.spool, SPOOL_QUEUE), MANY + 1);
	serving_close(&p.s);
}

static void
a_corrected_password_is_tried_at_once(void **state)
{
	struct place	p;

	open_place(&p, &locked, *(bool *)*state);
	refuse_messages(&p, SOME);
	set_password(&p, "wrong, too");
	for (int i = 0; i < 3; i++)
		submit(&p, 0);
	assert_int_equal(count_logins(&p), 2);
	set_password(&p, "right");
	submit(&p, 0);
	assert_int_equal(count_logins(&p), 3);
	assert_int_equal(mock_smtp_messages(p.s.host), 1);
	/* The others need not wait for the time of their next attempt. */
	queue_run(&p);
	assert_int_equal(temp_spool_count_in(p.s.spool, SPOOL_QUEUE), 0);
	assert_int_equal(mock_smtp_messages(p.s.host), SOME + 3);
	serving_close(&p.s);
}

static void
a_queue_run_notices_the_change(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, &locked, false);
	refuse_messages(&p, SOME);
	set_password(&p, "wrong, too");
	queue_run(&p);
	queue_run(&p);
	assert_int_equal(count_logins(&p), 2);
	assert_int_equal(temp_spool_count_in(p.s.spool, SPOOL_QUEUE), SOME - 1);
	set_password(&p, "right");
	queue_run(&p);
	assert_int_equal(temp_spool_count_in(p.s.spool, SPOOL_QUEUE), 0);
	assert_int_equal(mock_smtp_messages(p.s.host), SOME - 1);
	serving_close(&p.s);
}

static void
the_service_notices_the_change(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, &locked, true);
	refuse_messages(&p, SOME);
	set_password(&p, "right");
	kill(program_pid(p.s.running), SIGHUP);
	assert_true(mock_smtp_wait_messages(p.s.host, SOME - 1));
	serving_close(&p.s);
}

/* Neither the configuration nor the time of an entry changes. */
static void
an_account_that_is_unlocked_empties_the_queue(void **state)
{
	struct place	p;

	open_place(&p, &unlocked, *(bool *)*state);
	set_password(&p, "right");
	refuse_messages(&p, SOME);
	make_due(&p);
	submit(&p, 0);
	assert_int_equal(mock_smtp_messages(p.s.host), 1);
	/* A run for other messages does not count. */
	run(&p, WORDS("-qRnobody@example.net"), 0);
	queue_run(&p);
	assert_int_equal(temp_spool_count_in(p.s.spool, SPOOL_QUEUE), 0);
	assert_int_equal(mock_smtp_messages(p.s.host), SOME);
	serving_close(&p.s);
}

static void
a_person_sees_the_error(void **state)
{
	struct place	p;

	(void)state;
	open_place(&p, &locked, false);
	refuse_messages(&p, SOME);
	run(&p, WORDS("-v", "-i", "a@example.net"), EX_NOPERM);
	assert_int_equal(count_logins(&p), 2);
	serving_close(&p.s);
}

static bool	alone = false, by_service = true;

static const struct CMUnitTest login_backoff_spec[] = {
	{ "twenty messages, one login", one_login_for_new_messages, NULL,
	    NULL, &alone },
	{ "twenty messages through the service, one login",
	    one_login_for_new_messages, NULL, NULL, &by_service },
	{ "a corrected password is tried at once",
	    a_corrected_password_is_tried_at_once, NULL, NULL, &alone },
	{ "a corrected password is tried at once by the service",
	    a_corrected_password_is_tried_at_once, NULL, NULL, &by_service },
	{ "a queue run tries a corrected password, and all messages",
	    a_queue_run_notices_the_change, NULL, NULL, NULL },
	{ "the service tries a corrected password after SIGHUP, and all "
	    "messages", the_service_notices_the_change, NULL, NULL, NULL },
	{ "after a login has succeeded, a queue run tries all messages",
	    an_account_that_is_unlocked_empties_the_queue, NULL, NULL,
	    &alone },
	{ "after a login by the service has succeeded, a queue run tries all "
	    "messages",
	    an_account_that_is_unlocked_empties_the_queue, NULL, NULL,
	    &by_service },
	{ "with -v, an attempt is made at once, and the error is reported",
	    a_person_sees_the_error, NULL, NULL, NULL },
};

int
main(void)
{
	return cmocka_run_group_tests(login_backoff_spec, NULL, NULL);
}
