/* The key pace: messages beyond the rate wait in the queue for their turn. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/entry.h"
#include "queue/spool_state.h"
#include "queue/turn.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/temp_spool.h"
#include "util/clock.h"

enum { CALLERS = 20 };

static const struct script	accepts;

static int
compare(const void *a, const void *b)
{
	const int64_t	*x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/*
 * Reads when the entries are due, in order, and checks that each says that it
 * waits, and that this was not an attempt.
 */
static size_t
read_turns(const struct queue_fixture *p, int64_t *turns, size_t max)
{
	struct spool_list	list;
	struct spool		spool;
	struct failure		why;
	size_t			n;

	temp_spool_open(&spool, p->spool);
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	n = list.n;
	assert_true(n <= max);
	for (size_t i = 0; i < n; i++) {
		struct entry	entry;

		assert_int_equal(entry_open(&entry, &spool, SPOOL_QUEUE,
		    list.item[i].name, ENTRY_LOOK, &why), ENTRY_OPENED);
		assert_non_null(strstr(entry.file.reason,
		    "waits its turn: pace = "));
		assert_non_null(strstr(entry.file.reason, "relais.conf:"));
		assert_int_equal(entry.file.attempts, 0);
		turns[i] = entry.next;
		entry_close(&entry);
	}
	spool_list_free(&list);
	spool_close(&spool);
	qsort(turns, n, sizeof(*turns), compare);
	return n;
}

/* Runs relais with the arguments; standard error must contain the text. */
static void
run(struct queue_fixture *p, const char *const *arguments, int status,
    const char *error)
{
	const char		*argv[16] = { "relais", "-C", p->conf };
	struct program_result	 o;

	for (size_t i = 0; arguments[i] != NULL; i++)
		argv[3 + i] = arguments[i];
	program_run(&o, &(struct program){
	    .argv = argv, .input = "Subject: x\n\nhi\n" });
	if (o.status != status || (error[0] == '\0' && o.err.len > 0) ||
	    strstr(o.err.data, error) == NULL)
		fail_msg("status %d: %s", o.status, o.err.data);
	program_result_free(&o);
}

static void
send_one(struct queue_fixture *p)
{
	run(p, WORDS("-f", "me@example.org", "a@example.net"), EX_OK, "");
}

static void
set_sent_until(const struct queue_fixture *p, int64_t us)
{
	struct spool_state	facts;
	struct spool		spool;
	struct failure		why;

	temp_spool_open(&spool, p->spool);
	assert_true(spool_state_open(&facts, &spool, 1, &why));
	assert_int_equal(facts.n_hosts, 1);
	facts.host[0].pace_us = us;
	assert_true(spool_state_close(&facts, &why));
	spool_close(&spool);
}

/* -------------------------------------------------------------- the callers */

static void
further_messages_wait(void **state)
{
	struct queue_fixture	p;
	int64_t			turns[3];

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 6/hour\n");
	for (int i = 0; i < 3; i++)
		send_one(&p);
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_int_equal(read_turns(&p, turns, 3), 2);
	assert_in_range(turns[0], time(NULL) + 500, time(NULL) + 600);
	assert_in_range(turns[1] - turns[0], 599, 601);
	queue_fixture_close(&p);
}

/* With 30/hour, a burst of 3, and one each 3600 / 28 seconds. */
static void
callers_at_once_keep_the_rate(void **state)
{
	struct queue_fixture	p;
	struct running		*caller[CALLERS];
	struct program_result	o;
	int64_t			turns[CALLERS];
	size_t			n;

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 30/hour\n");
	for (int i = 0; i < CALLERS; i++)
		caller[i] = program_start(&(struct program){
		    .argv = WORDS("relais", "-C",
		    p.conf, "a@example.net"), .input_file = "/dev/null" });
	for (int i = 0; i < CALLERS; i++) {
		program_stop(caller[i], 0, &o);
		assert_int_equal(o.status, EX_OK);
		program_result_free(&o);
	}
	assert_int_equal(mock_smtp_messages(p.host), 3);
	n = read_turns(&p, turns, CALLERS);
	assert_int_equal(n, CALLERS - 3);
	for (size_t i = 1; i < n; i++)
		assert_in_range(turns[i] - turns[i - 1], 128, 129);
	queue_fixture_close(&p);
}

static void
each_smarthost_has_its_rate(void **state)
{
	struct queue_fixture	p;
	struct mock_smtp	*other = mock_smtp_start(&accepts);
	char			 more[200];

	(void)state;
	snprintf(more, sizeof(more), "pace = 1/hour\n[to *@other.example]\n"
	    "smarthost = smtp://127.0.0.1:%u\ntls = off\npace = off\n",
	    other->port);
	queue_fixture_open(&p, &accepts, more);
	for (int i = 0; i < 2; i++)
		run(&p, WORDS("a@example.net", "b@other.example"), EX_OK, "");
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_int_equal(mock_smtp_messages(other), 2);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?a@example.net +b@other.example");
	mock_smtp_stop(other);
	queue_fixture_close(&p);
}

static void
verbose_output_says_so(void **state)
{
	struct queue_fixture	p;
	struct program_result	o;

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 1/day\n");
	send_one(&p);
	relais_run(&o, p.conf, WORDS("-v", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_int_equal(o.status, EX_OK);
	assert_non_null(strstr(o.out.data, "not sent to a@example.net: waits "
	    "its turn: pace = 1/day ("));
	assert_non_null(strstr(o.out.data, "; queued as "));
	program_result_free(&o);
	queue_fixture_close(&p);
}

static void
a_message_is_sent_without_a_queue(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 1/day\nqueue = off\n"
	    "log = stderr\n");
	for (int i = 0; i < 2; i++)
		run(&p, WORDS("a@example.net"), EX_OK, "pace = 1/day (");
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

static void
put_state(const struct queue_fixture *p, const char *text)
{
	char	 path[120];
	FILE	*f;

	snprintf(path, sizeof(path), "%s/state", p->spool);
	unlink(path);
	assert_non_null(f = fopen(path, "w"));
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void
an_invalid_state_is_started_again(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 1/day\nlog = stderr\n");
	run(&p, WORDS("a@example.net"), EX_OK, "sent");
	put_state(&p, "relais-state 1\nsmarthost \x01\n\tpace_us -7\n");
	run(&p, WORDS("a@example.net"), EX_OK, "state: invalid content");
	assert_int_equal(mock_smtp_messages(p.host), 2);
	run(&p, WORDS("a@example.net"), EX_OK, "waits its turn");
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

static void
a_message_is_sent_without_a_state(void **state)
{
	struct queue_fixture	p;
	char			path[120];

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 1/day\nlog = stderr\n");
	assert_int_equal(mkdir(p.spool, 0700), 0);
	snprintf(path, sizeof(path), "%s/state", p.spool);
	assert_int_equal(mkdir(path, 0700), 0);
	for (int i = 0; i < 2; i++)
		run(&p, WORDS("a@example.net"), EX_OK, "has no effect: ");
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

static void
a_clock_that_was_set_back_delays_nothing(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 6/hour\n");
	send_one(&p);
	set_sent_until(&p, ((int64_t)time(NULL) + 86400) * 1000000);
	send_one(&p);
	assert_int_equal(mock_smtp_messages(p.host), 2);
	send_one(&p);
	assert_int_equal(mock_smtp_messages(p.host), 2);
	assert_in_range(temp_spool_next(p.spool, &(bool){ false }), 500, 600);
	queue_fixture_close(&p);
}

static void
a_message_that_cannot_wait_is_sent(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 1/day\nlog = stderr\n"
	    "queue_size_limit = 1\n");
	run(&p, WORDS("a@example.net"), EX_OK, "sent");
	run(&p, WORDS("a@example.net"), EX_OK, "sent before its turn: ");
	assert_int_equal(mock_smtp_messages(p.host), 2);
	queue_fixture_close(&p);
}

/* ----------------------------------------------------------- the queue runs */

static void
put_entries(struct queue_fixture *p, int n)
{
	for (int i = 0; i < n; i++)
		queue_fixture_put(p, "me@example.org",
		    (const char *const[]){ "a@example.net", "" });
}

/* Nine in a second, without a burst. */
static void
a_run_sends_evenly(void **state)
{
	struct queue_fixture	p;
	int64_t			began;

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 9/second\n");
	put_entries(&p, 8);
	began = clock_ms();
	run(&p, WORDS("queue", "run"), EX_OK, "");
	assert_true(clock_ms() - began >= 7 * 111);
	assert_int_equal(mock_smtp_messages(p.host), 8);
	assert_int_equal(temp_spool_count_in(p.spool, SPOOL_QUEUE), 0);
	/* A worker that waits for its next turn keeps its connection. */
	assert_int_equal(mock_smtp_connections(p.host), 1);
	queue_fixture_close(&p);
}

static void
a_run_leaves_later_turns(void **state)
{
	struct queue_fixture	p;
	int64_t			turns[3];

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 6/hour\n");
	put_entries(&p, 3);
	run(&p, WORDS("queue", "run"), EX_OK, "");
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_int_equal(read_turns(&p, turns, 3), 2);
	assert_in_range(turns[0], time(NULL) + 500, time(NULL) + 600);
	/* Neither -q nor a flush exceeds the rate. */
	run(&p, WORDS("queue", "flush"), EX_TEMPFAIL,
	    "not sent: 2 waiting for a turn (pace);");
	run(&p, WORDS("queue", "run"), EX_OK, "");
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_int_equal(read_turns(&p, turns, 3), 2);
	queue_fixture_close(&p);
}

/* After an outage, -q tries every entry, as without the key. */
static void
deferred_entries_are_tried_by_q(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = {
	    { .at = ON_RCPT, .say = "451 4.7.1 later" } } },
	    "pace = 9/second\n");
	put_entries(&p, 4);
	run(&p, WORDS("-q"), EX_TEMPFAIL, "not sent: 4 deferred");
	queue_fixture_change(&p, &accepts, "pace = 9/second\n");
	run(&p, WORDS("-q"), EX_OK, "");
	assert_int_equal(mock_smtp_messages(p.host), 4);
	queue_fixture_close(&p);
}

static void
late_entries_are_not_sent_at_once(void **state)
{
	struct queue_fixture	p;
	int64_t			turns[4];

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 6/hour\n");
	for (int i = 0; i < 4; i++)
		send_one(&p);
	set_sent_until(&p, 1);
	queue_fixture_make_due(&p);
	run(&p, WORDS("queue", "run"), EX_OK, "");
	assert_int_equal(mock_smtp_messages(p.host), 2);
	assert_int_equal(read_turns(&p, turns, 4), 2);
	queue_fixture_close(&p);
}

static void
other_smarthosts_do_not_wait(void **state)
{
	struct queue_fixture	p;
	struct mock_smtp	*other = mock_smtp_start(&accepts);
	char			 more[200];

	(void)state;
	snprintf(more, sizeof(more), "pace = 6/hour\n[to *@other.example]\n"
	    "smarthost = smtp://127.0.0.1:%u\ntls = off\npace = off\n",
	    other->port);
	queue_fixture_open(&p, &accepts, more);
	for (int i = 0; i < 3; i++)
		queue_fixture_put(&p, "me@example.org", (const char *const[]){
		    "a@example.net", "b@other.example", "" });
	run(&p, WORDS("queue", "run"), EX_OK, "");
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_int_equal(mock_smtp_messages(other), 3);
	mock_smtp_stop(other);
	queue_fixture_close(&p);
}

/* An outage is the reason that the list must show, not the pace. */
static void
an_outage_is_the_reason(void **state)
{
	struct queue_fixture	p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ .steps = {
	    { .at = ON_GREETING, .say = "421 4.3.2 busy" } } },
	    "pace = 6/hour\n");
	put_entries(&p, 3);
	run(&p, WORDS("queue", "run"), EX_OK, "");
	queue_fixture_make_due(&p);
	set_sent_until(&p, 1);
	for (int i = 0; i < 2; i++) {
		struct program_result	o;
		int			n = 0;

		relais_run(&o, p.conf, WORDS("queue", "list"), "");
		for (const char *at = o.out.data; (at = strstr(at,
		    "421 4.3.2 busy")) != NULL; at++)
			n++;
		assert_int_equal(n, 3);
		program_result_free(&o);
	}
	queue_fixture_close(&p);
}

static void
a_signal_ends_the_wait(void **state)
{
	struct queue_fixture	 p;
	struct running		*running;
	struct program_result	 o;

	(void)state;
	queue_fixture_open(&p, &accepts, "pace = 1/minute\n");
	put_entries(&p, 2);
	running = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "queue", "run") });
	assert_true(mock_smtp_wait_closed(p.host, 1));
	program_stop(running, SIGTERM, &o);
	assert_int_equal(o.signal, SIGTERM);
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(p.host), 1);
	assert_int_equal(temp_spool_count_in(p.spool, SPOOL_QUEUE), 1);
	queue_fixture_close(&p);
}

/* -------------------------------------------------------------- the service */

static void
the_service_sends_them_in_turn(void **state)
{
	struct serving	s;

	(void)state;
	serving_open(&s, &accepts, "pace = 1/second\n");
	serving_start(&s, NULL);
	for (int i = 0; i < 3; i++) {
		struct program_result	o;
		char			key[120];

		snprintf(key, sizeof(key), "socket=%s", s.socket);
		program_run(&o, &(struct program){
		    .argv = WORDS("relais", "-C", s.conf, "-o", key, "-f",
		    "me@example.org", "a@example.net"),
		    .input = "Subject: x\n\nhi\n" });
		assert_string_equal(o.err.data, "");
		assert_int_equal(o.status, EX_OK);
		program_result_free(&o);
	}
	assert_true(mock_smtp_wait_messages(s.host, 3));
	temp_spool_wait(s.spool, 0);
	serving_close(&s);
}

/* For both recipients, there is one message and one smarthost. */
static void
the_service_sends_to_other_recipients_at_once(void **state)
{
	struct serving			 s;
	const struct heard_message	*m;
	char				 key[120];

	(void)state;
	serving_open(&s, &accepts, "[to *@slow.example]\npace = 1/day\n");
	serving_start(&s, NULL);
	snprintf(key, sizeof(key), "socket=%s", s.socket);
	for (size_t i = 0; i < 2; i++) {
		struct program_result	o;

		program_run(&o, &(struct program){ .path = BUILD "/relais",
		    .argv = WORDS("relais", "-C", s.conf, "-o", key, "-f",
		    "me@example.org", "a@slow.example", "b@fast.example"),
		    .input = "\nhi\n" });
		assert_int_equal(o.status, EX_OK);
		assert_string_equal(o.err.data, "");
		program_result_free(&o);
	}
	/* Each section makes a transaction of its own. */
	assert_true(mock_smtp_wait_messages(s.host, 3));
	serving_stop(&s, NULL);
	assert_int_equal(mock_smtp_messages(s.host), 3);
	m = mock_smtp_message(s.host, 2);
	assert_int_equal(m->n_rcpt, 1);
	assert_string_equal(m->rcpt[0].path, "b@fast.example");
	assert_string_equal(temp_spool_entries(s.spool, SPOOL_QUEUE),
	    "?a@slow.example +b@fast.example");
	serving_close(&s);
}

int
main(void)
{
	static const struct CMUnitTest pace_spec[] = {
		cmocka_unit_test(further_messages_wait),
		cmocka_unit_test(callers_at_once_keep_the_rate),
		cmocka_unit_test(each_smarthost_has_its_rate),
		cmocka_unit_test(verbose_output_says_so),
		cmocka_unit_test(a_message_is_sent_without_a_queue),
		cmocka_unit_test(an_invalid_state_is_started_again),
		cmocka_unit_test(a_message_is_sent_without_a_state),
		cmocka_unit_test(a_clock_that_was_set_back_delays_nothing),
		cmocka_unit_test(a_message_that_cannot_wait_is_sent),
		cmocka_unit_test(a_run_sends_evenly),
		cmocka_unit_test(deferred_entries_are_tried_by_q),
		cmocka_unit_test(a_run_leaves_later_turns),
		cmocka_unit_test(late_entries_are_not_sent_at_once),
		cmocka_unit_test(other_smarthosts_do_not_wait),
		cmocka_unit_test(an_outage_is_the_reason),
		cmocka_unit_test(a_signal_ends_the_wait),
		cmocka_unit_test(the_service_sends_them_in_turn),
		cmocka_unit_test(the_service_sends_to_other_recipients_at_once),
	};

	return cmocka_run_group_tests_name("pace", pace_spec, NULL, NULL);
}
