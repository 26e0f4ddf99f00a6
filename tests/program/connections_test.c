/* The key connections in a section, which limits those to its smarthost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/temp_spool.h"

enum { EACH = 20 };

static const struct script	accepts;
static const struct script	holds = { .steps = {
	{ .at = ON_MAIL, .nth = 1, .connection = 1, .hold = true } } };

/* A section for another smarthost, with one connection. */
static const char *
section_for(const struct mock_smtp *other)
{
	static char	text[200];

	snprintf(text, sizeof(text), "[to *@other.example]\n"
	    "smarthost = smtp://127.0.0.1:%u\ntls = off\nconnections = 1\n",
	    other->port);
	return text;
}

/*
 * While the only connection to the other smarthost is busy, the workers send
 * all that is for the first one, and then the rest.
 */
static void
a_queue_run_keeps_the_limit(void **state)
{
	struct queue_fixture	 p;
	struct mock_smtp	*other = mock_smtp_start(&holds);
	struct running		*running;
	struct program_result	 o;

	(void)state;
	queue_fixture_open(&p, &accepts, section_for(other));
	for (int i = 0; i < EACH; i++)
		queue_fixture_put(&p, "me@example.org", (const char *const[]){
		    "b@other.example", "a@example.net", "" });
	running = program_start(&(struct program){
	    .argv = WORDS("relais", "-C", p.conf, "queue", "run") });
	assert_true(mock_smtp_wait_commands(other, ON_MAIL, 1));
	assert_true(mock_smtp_wait_messages(p.host, EACH));
	assert_int_equal(mock_smtp_connections(other), 1);
	mock_smtp_release(other);
	program_stop(running, 0, &o);
	assert_int_equal(o.status, EX_OK);
	program_result_free(&o);
	assert_int_equal(mock_smtp_messages(other), EACH);
	assert_int_equal(mock_smtp_most_open(other), 1);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	mock_smtp_stop(other);
	queue_fixture_close(&p);
}

static struct running *
start_caller(const struct serving *s, const char *to)
{
	char	key[120];

	snprintf(key, sizeof(key), "socket=%s", s->socket);
	return program_start(&(struct program){
	    .argv = WORDS("relais", "-C", s->conf, "-o", key, "-f",
	    "me@example.org", to), .input_file = "/dev/null" });
}

static void
end_caller(struct running *caller)
{
	struct program_result	o;

	program_stop(caller, 0, &o);
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, EX_OK);
	program_result_free(&o);
}

static void
the_service_keeps_the_limit(void **state)
{
	struct mock_smtp	*other = mock_smtp_start(&holds);
	struct serving		 s;
	struct running		*first;
	struct program_result	 o;

	(void)state;
	serving_open(&s, &accepts, section_for(other));
	serving_start(&s, NULL);
	first = start_caller(&s, "b@other.example");
	assert_true(mock_smtp_wait_commands(other, ON_MAIL, 1));
	end_caller(start_caller(&s, "c@other.example"));
	end_caller(start_caller(&s, "a@example.net"));
	assert_int_equal(mock_smtp_messages(s.host), 1);
	assert_int_equal(mock_smtp_connections(other), 1);
	assert_string_equal(temp_spool_entries(s.spool, SPOOL_QUEUE),
	    "?c@other.example");
	relais_run(&o, s.conf, WORDS("queue", "list"), "");
	assert_non_null(strstr(o.out.data, "in use: connections = 1 ("));
	program_result_free(&o);
	mock_smtp_release(other);
	end_caller(first);
	serving_close(&s);
	mock_smtp_stop(other);
}

int
main(void)
{
	static const struct CMUnitTest connections_spec[] = {
		cmocka_unit_test(a_queue_run_keeps_the_limit),
		cmocka_unit_test(the_service_keeps_the_limit),
	};

	return cmocka_run_group_tests_name("connections", connections_spec,
	    NULL, NULL);
}
