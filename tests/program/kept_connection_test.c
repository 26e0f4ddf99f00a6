/*
 * A connection that is kept open for the next message, by a worker of the
 * service and by a queue run, and that the server has closed or no longer
 * answers.  For -bs, see smtp_server_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <string.h>

#include "support/certificate.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/serving.h"
#include "support/temp_spool.h"

/*
 * Longer than a connection is used without NOOP, and shorter than a worker
 * keeps it.
 */
enum { IDLE_MS = 3300 };

#define SILENT	{ .at = ON_NOOP, .say = "", .then = THEN_HANG }
#define CLOSES	{ .at = ON_BODY, .connection = 1, .then = THEN_CLOSE }

struct kept {
	struct script	 script;
	bool		 idle;		/* before the second message */
	size_t		 connections;	/* at most */
};

static void
submit(struct serving *s)
{
	struct program_result	o;

	relais_run(&o, s->conf, WORDS("-i", "a@example.net"),
	    "Subject: x\n\nhi\n");
	assert_string_equal(o.err.data, "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
}

static void
check(struct mock_smtp *host, const struct kept *c, size_t messages)
{
	assert_int_equal(mock_smtp_messages(host), messages);
	assert_in_range(mock_smtp_connections(host), 1, c->connections);
	for (size_t i = 0; i < messages; i++)
		assert_int_equal(mock_smtp_message(host, i)->code, 250);
}

static void
by_a_worker(void **state)
{
	const struct kept	*c = *state;
	struct serving		 s;

	serving_open(&s, &c->script, "connections = 1\n");
	serving_start(&s, NULL);
	submit(&s);
	if (c->idle)
		poll(NULL, 0, IDLE_MS);
	else if (c->connections > 1)
		assert_true(mock_smtp_wait_closed(s.host, 1));
	submit(&s);
	assert_string_equal(temp_spool_entries(s.spool, SPOOL_QUEUE), "");
	check(s.host, c, 2);
	serving_close(&s);
}

/* With pace, a queue run waits for four seconds between messages. */
static void
by_a_queue_run(void **state)
{
	const struct kept	*c = *state;
	struct queue_fixture	 p;
	struct program_result	 o;

	queue_fixture_open(&p, &c->script, c->idle ? "connections = 1\n"
	    "pace = 15/minute\n" : "connections = 1\n");
	queue_fixture_put(&p, "me@example.org", (const char *const[]){
	    "a@example.net", "b@example.net", "" });
	relais_run(&o, p.conf, WORDS("queue", "run"), "");
	assert_int_equal(o.status, 0);
	program_result_free(&o);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	check(p.host, c, 2);
	if (c->idle && c->script.steps[0].at != ON_BODY)
		assert_true(mock_smtp_wait_commands(p.host, ON_NOOP, 1));
	queue_fixture_close(&p);
}

/* Each of the two messages in the session is logged with its TLS. */
static void
assert_logged_twice(const struct program_result *o)
{
	static const char	 words[] = " tls=TLSv1.3 group=X25519 "
				    "verified=no reply=";
	const char		*first = strstr(o->err.data, words);

	if (first == NULL || strstr(first + 1, words) == NULL)
		fail_msg("not logged twice: %s", o->err.data);
}

static struct script
tls_script(struct temp_dir *dir, struct usual_certificates *usual)
{
	temp_dir_make(dir);
	certificate_usual(usual, dir);
	return (struct script){ .security = STARTTLS_OFFERED,
	    .certificate = usual->chain, .key = usual->key };
}

#define OPPORTUNISTIC	"connections = 1\ntls = opportunistic\n" \
	"tls_groups = X25519:P-256\n"

static void
a_worker_logs_the_tls_of_each_message(void **state)
{
	struct temp_dir			 dir;
	struct usual_certificates	 usual;
	struct script			 script = tls_script(&dir, &usual);
	struct serving			 s;
	struct program_result		 o;

	(void)state;
	serving_open(&s, &script, OPPORTUNISTIC);
	serving_start(&s, NULL);
	submit(&s);
	submit(&s);
	serving_stop(&s, &o);
	assert_int_equal(mock_smtp_connections(s.host), 1);
	assert_logged_twice(&o);
	program_result_free(&o);
	serving_close(&s);
	temp_dir_remove(&dir);
}

static void
a_queue_run_logs_the_tls_of_each_message(void **state)
{
	struct temp_dir			 dir;
	struct usual_certificates	 usual;
	struct script			 script = tls_script(&dir, &usual);
	struct queue_fixture		 p;
	struct program_result		 o;

	(void)state;
	queue_fixture_open(&p, &script, OPPORTUNISTIC);
	queue_fixture_put(&p, "me@example.org", (const char *const[]){
	    "a@example.net", "b@example.net", "" });
	relais_run(&o, p.conf, WORDS("-o", "log=stderr", "queue", "run"), "");
	assert_int_equal(o.status, 0);
	assert_int_equal(mock_smtp_connections(p.host), 1);
	assert_logged_twice(&o);
	program_result_free(&o);
	queue_fixture_close(&p);
	temp_dir_remove(&dir);
}

#define WORKER(sentence, ...) { "a worker: " sentence, by_a_worker, NULL, \
	NULL, &(struct kept){ __VA_ARGS__ } }
#define RUN(sentence, ...) { "a queue run: " sentence, by_a_queue_run, NULL, \
	NULL, &(struct kept){ __VA_ARGS__ } }

static const struct CMUnitTest kept_spec[] = {
	WORKER("the connection is used again", { .lmtp = false }, false, 1),
	WORKER("the server has closed the connection", { .steps = { CLOSES } },
	    false, 2),
	WORKER("the server does not reply to NOOP", { .steps = { SILENT } },
	    true, 2),
	cmocka_unit_test(a_worker_logs_the_tls_of_each_message),
	cmocka_unit_test(a_queue_run_logs_the_tls_of_each_message),
	RUN("the connection is used again", { .lmtp = false }, false, 1),
	RUN("the server closes the connection", { .steps = { CLOSES } },
	    false, 2),
	RUN("the server closes the connection before the next turn",
	    { .steps = { CLOSES } }, true, 2),
	RUN("the server does not reply to NOOP", { .steps = { SILENT } },
	    true, 2),
	RUN("the server replies to NOOP", { .lmtp = false }, true, 1),
};

int
main(void)
{
	return cmocka_run_group_tests(kept_spec, NULL, NULL);
}
