/*
 * A message has to wait for its turn, and sendmail is killed at each system call
 * that changes something, from the moment at which it asks for a turn, or each
 * of them fails.  If the exit status is 0, the message is in the queue or was
 * sent, once; and the state of the turns does not stop later messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/spool_state.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/strace.h"
#include "support/temp_spool.h"

static const struct strace_fault	faults[] = {
	{ .how = "signal=KILL" },
	{ .how = "error=EIO" },
};

/* Empties the queue; the next turn is many hours away. */
static void
begin_trial(const struct queue_fixture *p)
{
	struct spool_state	facts;
	struct spool_list	list;
	struct spool_options	options = { .create = true };
	struct spool		spool;
	struct failure		why;
	char			url[60];

	if (!spool_open(&spool, p->spool, &options, &why))
		fail_msg("%s", why.text);
	assert_true(spool_list(&list, &spool, SPOOL_QUEUE, &why));
	for (size_t i = 0; i < list.n; i++)
		unlinkat(spool.dir[SPOOL_QUEUE], list.item[i].name, 0);
	spool_list_free(&list);
	unlinkat(spool.fd, "state", 0);
	snprintf(url, sizeof(url), "smtp://127.0.0.1:%u", p->host->port);
	assert_true(spool_state_open(&facts, &spool, 1, &why));
	spool_state_host(&facts, url, NULL)->pace_us =
	    ((int64_t)time(NULL) + 80000) * 1000000;
	assert_true(spool_state_close(&facts, &why));
	spool_close(&spool);
}

static int
send_one(struct queue_fixture *p, const char *trace, const char *inject)
{
	return strace_relais(&(struct strace_relais){ .output = trace,
	    .conf = p->conf, .inject = inject, .words = (const char *const[]){
	    "-i", "a@example.net", NULL }, .input = "Subject: x\n\nhi\n" });
}

static void
try_one(struct queue_fixture *p, const char *inject)
{
	size_t			before = mock_smtp_messages(p->host), there;
	struct program_result	o;
	int			status;

	begin_trial(p);
	status = send_one(p, "/dev/null", inject);
	there = temp_spool_count_in(p->spool, SPOOL_QUEUE) +
	    mock_smtp_messages(p->host) - before;
	if (there > 1 || (status == 0 && there != 1))
		fail_msg("%s: status %d, %zu times", inject, status, there);
	/* The next message is not affected. */
	relais_run(&o, p->conf, WORDS("-i", "a@example.net"), "\n");
	if (o.status != 0)
		fail_msg("%s: the next message: %s", inject, o.err.data);
	program_result_free(&o);
}

static void
nothing_is_lost(void **state)
{
	struct queue_fixture	p;
	struct strace_calls	calls = { .n = 0 };
	char			inject[100], trace[100];

	(void)state;
	strace_need();
	queue_fixture_open(&p, &(struct script){ 0 }, "pace = 1/day\n");
	snprintf(trace, sizeof(trace), "%s", temp_dir_path(&p.dir, "trace"));
	begin_trial(&p);
	assert_int_equal(send_one(&p, trace, NULL), 0);
	assert_int_equal(temp_spool_count_in(p.spool, SPOOL_QUEUE), 1);
	assert_int_equal(mock_smtp_messages(p.host), 0);
	strace_learn(&calls, trace, "\"state\"");
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct strace_walk	walk = { .calls = &calls,
					    .fault = &faults[i] };

		while (strace_next(&walk, inject, sizeof(inject)))
			try_one(&p, inject);
	}
	queue_fixture_close(&p);
}

int
main(void)
{
	static const struct CMUnitTest crash_spec[] = {
		cmocka_unit_test(nothing_is_lost),
	};

	return cmocka_run_group_tests_name("pace crash", crash_spec, NULL,
	    NULL);
}
