/*
 * sendmail waits for the final reply of a silent smarthost, and is killed
 * before each system call that changes something, or one of them fails: from
 * the moment at which the message begins to be written to the queue.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "queue/spool.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/strace.h"
#include "support/temp_spool.h"
#include "util/buffer.h"
#include "util/file.h"

enum { HOUR = 60 * 60, TRIALS_MAX = 120 };

/* The reply comes after the entry has been written. */
static const struct script	slow = { .steps = { { .at = ON_BODY,
				    .delay_ms = 6500 } } };

/* The caller is told that one recipient failed; the other one waits. */
static const struct script	slow_refusal = { .steps = {
	{ .at = ON_RCPT, .match = "a@", .say = "550 5.1.1 unknown" },
	{ .at = ON_RCPT, .match = "b@", .say = "450 4.2.1 later",
	    .delay_ms = 6500 } } };

/* A run under strace; all of them wait at the same time. */
struct trial {
	const struct script	*script;
	struct queue_fixture	 p;
	struct running		*run;
	char			 inject[100];
};

static void
begin(struct trial *t)
{
	struct spool		 spool;
	struct failure		 why;
	const char		*argv[24] = { "strace", "-f", "-qq", "-o" };
	size_t			 n = 4;

	queue_fixture_open_fast(&t->p, t->script);
	assert_true(spool_open(&spool, t->p.spool,
	    &(struct spool_options){ .create = true }, &why));
	spool_close(&spool);
	argv[n++] = temp_dir_path(&t->p.dir, "trace");
	if (t->inject[0] != '\0') {
		argv[n++] = "-e";
		argv[n++] = t->inject;
	}
	argv[n++] = SENDMAIL;
	argv[n++] = "-C";
	argv[n++] = t->p.conf;
	argv[n++] = "-i";
	argv[n++] = "a@example.net";
	argv[n++] = "b@example.net";
	argv[n] = NULL;
	t->run = program_start(&(struct program){ .path = STRACE,
	    .argv = argv, .input_file = temp_dir_write(&t->p.dir, "letter",
	    0600, "Subject: x\nFrom: me@example.org\n\nhi\n") });
}

/* The exit status; -1 if it was killed. */
static int
end(struct trial *t)
{
	struct program_result	o;
	int			status;

	program_stop(t->run, 0, &o);
	status = o.signal != 0 ? -1 : o.status;
	program_result_free(&o);
	return status;
}

/* Whether a system call of this name succeeded. */
static bool
was_successful(struct trial *t, const char *name)
{
	struct buffer	text = { 0 };
	char		call[40];
	bool		found = false;

	snprintf(call, sizeof(call), " %s(", name);
	file_read(&text, temp_dir_path(&t->p.dir, "trace"));
	for (char *line = strtok(text.data, "\n"); line != NULL;
	    line = strtok(NULL, "\n"))
		found |= strstr(line, call) != NULL &&
		    strstr(line, " = 0") != NULL;
	buffer_free(&text);
	return found;
}

static int64_t
next_attempt(struct trial *t)
{
	struct spool		spool;
	struct spool_totals	totals;
	struct failure		why;

	assert_true(spool_open(&spool, t->p.spool,
	    &(struct spool_options){ 0 }, &why));
	assert_true(spool_count(&totals, &spool, SPOOL_QUEUE, &why));
	spool_close(&spool);
	return totals.next - (int64_t)time(NULL);
}

/*
 * Before the entry has its name, the caller has the message.  Afterwards, the
 * entry is in doubt, or records that the message was delivered; or it was
 * removed after that.
 */
static void
check_killed(struct trial *t, int status)
{
	const char	*queued = temp_spool_entries(t->p.spool, SPOOL_QUEUE);
	bool		 linked = was_successful(t, "linkat");
	bool		 good;

	if (strcmp(queued, "?a@example.net ?b@example.net") == 0)
		good = next_attempt(t) > HOUR - 60;
	else if (strcmp(queued, "+a@example.net +b@example.net") == 0)
		good = true;
	else
		good = queued[0] == '\0' &&
		    (!linked || was_successful(t, "unlinkat"));
	if (!good || status != -1)
		fail_msg("%s: exit %d, queue: %s", t->inject, status, queued);
}

/* The message was delivered, and is not sent again. */
static void
check_failed(struct trial *t, int status)
{
	const char	*queued = temp_spool_entries(t->p.spool, SPOOL_QUEUE);

	if (status != 0 || strchr(queued, '?') != NULL ||
	    mock_smtp_messages(t->p.host) != 1)
		fail_msg("%s: exit %d, queue: %s", t->inject, status, queued);
}

/*
 * The recipient that waits is in one entry, whether the one that failed is in
 * it or not.
 */
static bool
waits_once(const char *queued)
{
	return strcmp(queued, "?a@example.net ?b@example.net") == 0 ||
	    strcmp(queued, "-a@example.net ?b@example.net") == 0 ||
	    strcmp(queued, "?b@example.net") == 0;
}

static void
check_killed_after_refusal(struct trial *t, int status)
{
	const char	*queued = temp_spool_entries(t->p.spool, SPOOL_QUEUE);

	if (status != -1 || (!waits_once(queued) && (queued[0] != '\0' ||
	    was_successful(t, "linkat"))))
		fail_msg("%s: exit %d, queue: %s", t->inject, status, queued);
}

static void
check_failed_after_refusal(struct trial *t, int status)
{
	const char	*queued = temp_spool_entries(t->p.spool, SPOOL_QUEUE);

	if (status != EX_NOUSER || !waits_once(queued))
		fail_msg("%s: exit %d, queue: %s", t->inject, status, queued);
}

static void
at_each_call(const struct script *script, const struct strace_fault *fault,
    void (*check)(struct trial *, int status))
{
	static struct trial	trials[TRIALS_MAX];
	struct strace_calls	calls;
	struct strace_walk	walk = { .calls = &calls, .fault = fault };
	size_t			n = 0;

	strace_need();
	for (size_t i = 0; i < TRIALS_MAX; i++)
		trials[i].script = script;
	trials[0].inject[0] = '\0';
	begin(&trials[0]);
	assert_int_equal(end(&trials[0]), script == &slow ? 0 : EX_NOUSER);
	strace_learn(&calls, temp_dir_path(&trials[0].p.dir, "trace"),
	    "O_TMPFILE");
	queue_fixture_close(&trials[0].p);
	while (n < TRIALS_MAX && strace_next(&walk, trials[n].inject,
	    sizeof(trials[n].inject)))
		n++;
	assert_in_range(n, 5, TRIALS_MAX - 1);
	for (size_t i = 0; i < n; i++)
		begin(&trials[i]);
	for (size_t i = 0; i < n; i++) {
		check(&trials[i], end(&trials[i]));
		queue_fixture_close(&trials[i].p);
	}
	print_message("%zu runs\n", n);
}

/* Otherwise, it could be in the queue again after a crash of the machine. */
static void
the_removal_of_the_entry_is_synced(void **state)
{
	static struct trial	t = { .script = &slow };
	struct buffer		text = { 0 };
	const char		*removal;

	(void)state;
	strace_need();
	begin(&t);
	assert_int_equal(end(&t), 0);
	file_read(&text, temp_dir_path(&t.p.dir, "trace"));
	removal = strstr(text.data, " unlinkat(");
	assert_non_null(removal);
	assert_non_null(strstr(removal, " fsync("));
	buffer_free(&text);
	queue_fixture_close(&t.p);
}

static const struct strace_fault	killed = { .how = "signal=KILL" };
static const struct strace_fault	failing = { .how = "error=EIO",
	.calls = " write fsync fdatasync linkat renameat pwrite64 pread64 "
	"unlinkat utimensat fstat newfstatat flock fcntl " };

static void
killed_at_each_call(void **state)
{
	(void)state;
	at_each_call(&slow, &killed, check_killed);
}

static void
an_error_at_each_call(void **state)
{
	(void)state;
	at_each_call(&slow, &failing, check_failed);
}

static void
killed_at_each_call_after_a_refusal(void **state)
{
	(void)state;
	at_each_call(&slow_refusal, &killed, check_killed_after_refusal);
}

static void
an_error_at_each_call_after_a_refusal(void **state)
{
	(void)state;
	at_each_call(&slow_refusal, &failing, check_failed_after_refusal);
}

static const struct CMUnitTest early_crash_spec[] = {
	cmocka_unit_test(killed_at_each_call),
	cmocka_unit_test(an_error_at_each_call),
	cmocka_unit_test(killed_at_each_call_after_a_refusal),
	cmocka_unit_test(an_error_at_each_call_after_a_refusal),
	cmocka_unit_test(the_removal_of_the_entry_is_synced),
};

int
main(void)
{
	return cmocka_run_group_tests(early_crash_spec, NULL, NULL);
}
