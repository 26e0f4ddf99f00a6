/*
 * A queue run of three messages is killed before each system call that changes
 * something, or each of these calls fails.  No message is lost, and none
 * arrives twice because its envelope was sent with the end of another message.
 *
 * As without such envelopes, a message may arrive twice if the process is
 * killed after the server's reply and before the entry is removed.  This can
 * happen to one message of each connection, because the next one is not sent
 * before that.  A worker that is killed is replaced by another one, which is
 * killed, too.
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

#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/strace.h"
#include "support/temp_spool.h"

enum { ENTRIES = 3 };

static const char *const	to[] = { "a@example.net", "b@example.net",
	"c@example.net", "" };

static const char *const	flush[] = { "-qf", NULL };

struct crash_case {
	const char	*keywords;
	const char	*fault;		/* of a call */
	const char	*calls;
	bool		 twice;		/* one message of each connection may
					 * arrive twice */
};

static int
trace(struct queue_fixture *p, const char *inject)
{
	const struct strace_relais	r = {
		.output = temp_dir_path(&p->dir, "trace"),
		.conf = p->conf,
		.inject = inject,
		.words = flush,
		.input = "",
	};

	return strace_relais(&r);
}

static size_t
arrived(struct queue_fixture *p, const char *path)
{
	size_t	n = 0;

	assert_true(mock_smtp_wait_closed(p->host,
	    mock_smtp_connections(p->host)));
	for (size_t i = 0; i < mock_smtp_messages(p->host); i++) {
		const struct heard_message	*m =
		    mock_smtp_message(p->host, i);

		/* Each message has its own envelope, and is whole. */
		assert_int_equal(m->n_rcpt, 1);
		assert_non_null(strstr(m->data.data, "Subject: "));
		assert_non_null(strstr(m->data.data, "\r\nhi\r\n"));
		n += m->code == 250 && strcmp(m->rcpt[0].path, path) == 0;
	}
	return n;
}

static void
check(struct queue_fixture *p, size_t twice_max, const char *inject,
    const size_t before[ENTRIES])
{
	const char	*failed = temp_spool_entries(p->spool, SPOOL_FAILED);
	size_t		 twice = 0;

	for (size_t i = 0; i < ENTRIES; i++) {
		size_t	copies = arrived(p, to[i]) - before[i];

		if (copies == 0)
			fail_msg("%s: %s is lost; failed: %s", inject, to[i],
			    failed);
		if (copies > 2)
			fail_msg("%s: %s came %zu times", inject, to[i],
			    copies);
		twice += copies == 2;
	}
	if (twice > twice_max)
		fail_msg("%s: %zu messages came twice", inject, twice);
	assert_string_equal(temp_spool_entries(p->spool, SPOOL_QUEUE), "");
}

static void
is_disturbed(void **state)
{
	const struct crash_case		*c = *state;
	const struct strace_fault	 fault = { c->fault, c->calls, false };
	struct queue_fixture		 p;
	struct strace_calls		 calls;
	struct strace_walk		 walk = { .calls = &calls,
					    .fault = &fault };
	size_t				 before[ENTRIES], runs = 0, n;
	char				 inject[100], failed[300];

	strace_need();
	queue_fixture_open_fast(&p, &(struct script){
	    .keywords = c->keywords });
	/* The first time makes the spool, and does not count. */
	for (int i = 0; i < 2; i++) {
		queue_fixture_put(&p, "me@example.org", to);
		assert_int_equal(trace(&p, NULL), 0);
		strace_learn(&calls, temp_dir_path(&p.dir, "trace"),
		    "prctl(PR_SET_DUMPABLE, ");
	}
	snprintf(failed, sizeof(failed), "%s/failed", p.spool);
	assert_int_equal(mock_smtp_connections(p.host), 2);
	while (strace_next(&walk, inject, sizeof(inject))) {
		for (size_t i = 0; i < ENTRIES; i++)
			before[i] = arrived(&p, to[i]);
		queue_fixture_put(&p, "me@example.org", to);
		n = mock_smtp_connections(p.host);
		trace(&p, inject);
		n = mock_smtp_connections(p.host) - n;
		queue_fixture_run(&p, "-qf", QUEUE_FIXTURE_ANY);
		check(&p, c->twice ? n : 0, inject, before);
		temp_dir_empty(failed);
		runs++;
	}
	print_message("%zu runs\n", runs);
	assert_true(runs >= 8);
	queue_fixture_close(&p);
}

#define DATA	"PIPELINING\n8BITMIME"
#define BDAT	"PIPELINING\n8BITMIME\nCHUNKING"
#define KEEPING	" pwrite64 fdatasync fsync utimensat unlinkat fcntl "

#define CASE(sentence, ...) { sentence, is_disturbed, NULL, NULL, \
	&(struct crash_case){ __VA_ARGS__ } }

static const struct CMUnitTest crash_spec[] = {
	CASE("killed, DATA", DATA, "signal=KILL", NULL, true),
	CASE("killed, BDAT", BDAT, "signal=KILL", NULL, true),
	CASE("calls fail, DATA", DATA, "error=EIO", KEEPING, false),
	CASE("calls fail, BDAT", BDAT, "error=ENOSPC", KEEPING, false),
};

int
main(void)
{
	return cmocka_run_group_tests(crash_spec, NULL, NULL);
}
