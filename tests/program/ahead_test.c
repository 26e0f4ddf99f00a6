/*
 * A queue run and a worker of the service send the envelope of the next message
 * with the end of the current one.  The server replies to a message only after
 * more input has arrived.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "support/cases.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/temp_spool.h"

enum { LATE_MS = 2500 };	/* a reply after that time is late */

#define DOWN	"x@down.example"
#define LIST(...) ((const char *const[]){ __VA_ARGS__, "" })

struct run_case {
	const char	*sentence;
	struct script	 script;
	const char	*entries;	/* that remain */
	const char	*commands;	/* in the first connection, or NULL */
	size_t		 connections;	/* 0: one */
	const char	*more;		/* lines of relais.conf, or NULL */
	int		 status;
};

/* How often a message was accepted for a path. */
static size_t
arrived(struct mock_smtp *host, const char *to)
{
	size_t	n = 0;

	for (size_t i = 0; i < mock_smtp_messages(host); i++) {
		const struct heard_message	*m = mock_smtp_message(host,
						    i);

		for (size_t k = 0; m->code == 250 && k < m->n_rcpt; k++)
			n += m->rcpt[k].code == 250 &&
			    strcmp(m->rcpt[k].path, to) == 0;
	}
	return n;
}

static void
is_run(void **state)
{
	static const char *const	 to[] = { "a@example.net",
					    "b@example.net", "c@example.net" };
	const struct run_case		*c = *state;
	struct queue_fixture		 p;
	struct program_result		 o;
	const char			*left;
	char				 more[300], *commands;

	snprintf(more, sizeof(more), "connections = 1\n%s",
	    c->more != NULL ? c->more : "");
	queue_fixture_open(&p, &c->script, more);
	queue_fixture_put(&p, "me@example.org", LIST(to[0], to[1], to[2]));
	relais_run(&o, p.conf, WORDS("-q"), "");
	if (o.status != c->status)
		fail_msg("exit %d: %s", o.status, o.err.data);
	left = temp_spool_entries(p.spool, SPOOL_QUEUE);
	assert_string_equal(left, c->entries);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(arrived(p.host, to[i]),
		    strstr(left, to[i]) == NULL);
	assert_int_equal(mock_smtp_connections(p.host),
	    c->connections > 0 ? c->connections : 1);
	if (c->commands != NULL) {
		assert_true(mock_smtp_wait_closed(p.host, 1));
		commands = heard_commands(mock_smtp_heard(p.host, 0), false);
		assert_string_equal(commands, c->commands);
		free(commands);
	}
	program_result_free(&o);
	queue_fixture_close(&p);
}

#define DATA	.keywords = "PIPELINING\n8BITMIME\nENHANCEDSTATUSCODES"
#define STEPS(...)	.steps = { __VA_ARGS__ }
#define MORE(n)		{ .at = ON_BODY, .nth = n, .until_more = true }
#define ENVELOPE	"|MAIL|RCPT|DATA"

static const struct run_case runs[] = {
	{ "a queue run with DATA", { DATA, .strict = true,
	    STEPS(MORE(1), MORE(2)) }, "",
	    .commands = "EHLO" ENVELOPE ENVELOPE ENVELOPE "|QUIT" },
	{ "a queue run with BDAT", { .strict = true,
	    STEPS(MORE(1), MORE(2)) }, "",
	    .commands =
	    "EHLO|MAIL|RCPT|BDAT|MAIL|RCPT|BDAT|MAIL|RCPT|BDAT|QUIT" },
	{ "a refused message does not stop those after it", { DATA,
	    STEPS({ .at = ON_BODY, .nth = 2, .say = "451 4.3.0 later",
	    .until_more = true }, MORE(1)) }, "?b@example.net",
	    .status = EX_TEMPFAIL },
	{ "a refused recipient does not stop the messages after it", { DATA,
	    STEPS({ .at = ON_RCPT, .match = "b@", .say = "450 busy" },
	    MORE(1)) }, "?b@example.net", .status = EX_TEMPFAIL },
	{ "a server that closes after each message gets three connections",
	    { DATA, STEPS({ .at = ON_MAIL, .nth = 2, .say = "421 bye",
	    .then = THEN_CLOSE }) }, "", .connections = 3 },
	{ "after a refusal, each envelope follows the reply to the message",
	    { DATA, STEPS({ .at = ON_MAIL, .nth = 2, .say = "503 nested" },
	    MORE(1)) }, "",
	    .commands = "EHLO" ENVELOPE ENVELOPE ENVELOPE ENVELOPE "|QUIT" },
	{ "only the message whose reply was lost is in doubt", { DATA,
	    STEPS({ .at = ON_BODY, .nth = 1, .connection = 1, .say = "",
	    .until_more = true, .then = THEN_CLOSE }) }, "?a@example.net",
	    .connections = 2, .status = EX_TEMPFAIL },
	{ "a message with other settings has a connection of its own",
	    { DATA }, "", .connections = 3,
	    .more = "[to b@example.net]\ntimeout = 7s\n" },
	{ "a message that is sent again without BDAT still has one after it",
	    { STEPS({ .at = ON_BODY, .match = "BDAT",
	    .say = "500 5.5.1 unknown" }) }, "", .connections = 2 },
	{ "with pace, each envelope follows the reply to the message",
	    { DATA }, "",
	    .more = "pace = 100/second\n" },
};

/* The bounce of the first message follows the second message. */
static void
a_bounce_is_sent_after_the_next_message(void **state)
{
	struct queue_fixture	 p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ DATA, STEPS(
	    { .at = ON_BODY, .nth = 1, .say = "554 5.6.0 no",
	    .until_more = true }) }, "connections = 1\n");
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net",
	    "b@example.net", "c@example.net"));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	assert_int_equal(arrived(p.host, "me@example.org"), 1);
	assert_int_equal(arrived(p.host, "b@example.net"), 1);
	assert_int_equal(arrived(p.host, "c@example.net"), 1);
	assert_int_equal(mock_smtp_connections(p.host), 1);
	queue_fixture_close(&p);
}

/*
 * If the reply is late, the next message is left, but not forgotten: it has
 * another connection, and this one gets the message after it.
 */
static void
messages_that_are_left_are_sent_later(void **state)
{
	static const char *const	 to[] = { "a@example.net",
					    "b@example.com", "c@example.net",
					    "d@example.com" };
	struct queue_fixture		 p;

	(void)state;
	queue_fixture_open(&p, &(struct script){ DATA, STEPS(
	    { .at = ON_BODY, .connection = 1, .delay_ms = LATE_MS }) },
	    "connections = 1\n[to *@example.com]\ntimeout = 7s\n");
	queue_fixture_put(&p, "me@example.org", LIST(to[0], to[1], to[2],
	    to[3]));
	queue_fixture_run(&p, "-q", EX_OK);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(arrived(p.host, to[i]), 1);
	queue_fixture_close(&p);
}

/*
 * Two workers: each leaves a message because a reply is late, and cannot
 * connect for the message after it, which it would leave, too.
 */
static void
a_worker_leaves_one_message(void **state)
{
	static const char *const	 to[] = { "a@example.net",
					    "b@example.com", "c@example.net",
					    "d@example.com" };
	struct queue_fixture		 p;
	const char			*left;

	(void)state;
	queue_fixture_open(&p, &(struct script){ DATA, STEPS(
	    { .at = ON_BODY, .connection = 1, .delay_ms = LATE_MS },
	    { .at = ON_BODY, .connection = 2, .delay_ms = LATE_MS }) },
	    "connections = 2\n[to *@example.com]\ntimeout = 7s\n"
	    "[to *@down.example]\nsmarthost = smtp://127.0.0.1:1\n");
	queue_fixture_put(&p, "me@example.org", LIST(to[0], to[1], to[2],
	    to[3], DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN));
	queue_fixture_run(&p, "-q", EX_TEMPFAIL);
	left = temp_spool_entries(p.spool, SPOOL_QUEUE);
	for (size_t i = 0; i < 4; i++)
		assert_null(strstr(left, to[i]));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(arrived(p.host, to[i]), 1);
	queue_fixture_close(&p);
}

/*
 * The service, with one worker and several clients at the same time.
 */

enum { CLIENTS = 12, ROUNDS = 5 };

/* Whether an envelope was sent with the end of a message. */
static bool
saves_flights(struct mock_smtp *host)
{
	size_t	flights = 0, without = 0;

	for (size_t i = 0; i < mock_smtp_connections(host); i++) {
		const struct heard	*h = mock_smtp_heard(host, i);

		flights += h->n_flights;
		without += 2;			/* EHLO, QUIT */
		for (size_t k = 0; k < h->n_messages; k++)
			without += h->message[k]->complete ? 2 : 1;
	}
	return flights < without;
}

static bool
run_clients(void)
{
	const struct script	 script = { STEPS(
	    { .at = ON_RCPT, .match = "bad", .say = "550 5.1.1 unknown" },
	    { .at = ON_BODY, .delay_ms = 100 }) };
	struct running		*client[CLIENTS];
	struct program_result	 o;
	struct serving		 s;
	const char		*input;
	char			 to[CLIENTS][40];
	bool			 saved;

	serving_open(&s, &script, "connections = 1\n");
	serving_start(&s, NULL);
	input = temp_dir_write(&s.dir, "message", 0600, "Subject: x\n\nhi\n");
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(to[i], sizeof(to[i]), "%s%d@example.net",
		    i % 3 == 2 ? "bad" : "good", i);
		client[i] = program_start(&(struct program){
		    .argv = WORDS("relais", "-C",
		    s.conf, "-i", to[i]), .input_file = input });
	}
	for (int i = 0; i < CLIENTS; i++) {
		program_stop(client[i], 0, &o);
		/* A message that has to wait for a second is queued. */
		if (o.status != EX_OK && (i % 3 != 2 ||
		    o.status != EX_NOUSER ||
		    strstr(o.err.data, to[i]) == NULL))
			fail_msg("%s: exit %d: %s", to[i], o.status,
			    o.err.data);
		program_result_free(&o);
	}
	serving_stop(&s, NULL);
	saved = saves_flights(s.host);
	for (int i = 0; i < CLIENTS; i++)
		assert_true(arrived(s.host, to[i]) <= (i % 3 != 2));
	serving_close(&s);
	return saved;
}

/* Whether a message waits at the right time depends on the load. */
static void
a_worker_sends_the_next_envelope(void **state)
{
	bool	saved = false;

	(void)state;
	for (int i = 0; i < ROUNDS && !saved; i++)
		saved = run_clients();
	assert_true(saved);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(a_bounce_is_sent_after_the_next_message),
	cmocka_unit_test(messages_that_are_left_are_sent_later),
	cmocka_unit_test(a_worker_leaves_one_message),
	cmocka_unit_test(a_worker_sends_the_next_envelope),
};

int
main(void)
{
	return CASES_RUN("queue runs", is_run, runs) +
	    cmocka_run_group_tests(others, NULL, NULL);
}
