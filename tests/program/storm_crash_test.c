/*
 * A queue run that makes a digest is killed before each system call that
 * changes something, and each of those that keep a message fails in turn.  No
 * message is lost, and none is sent in a digest and on its own.
 *
 * The smarthost refuses connections, so that everything remains in the queue.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/commit.h"
#include "queue/entry.h"
#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/strace.h"
#include "support/temp_spool.h"

enum { MESSAGES = 3 };

static const struct script	nobody = { .refusing = true };

static const char *const	run_queue[] = { "queue", "run", NULL };

struct trial {
	struct queue_fixture	p;
	struct spool		spool;
	size_t			runs;

	/* What is in the queue. */
	size_t			collected;	/* entries, with an incomplete
						 * digest */
	size_t			copies[MESSAGES];	/* of each message */
	size_t			ready[MESSAGES];	/* that can be sent */
};

static int
trace(struct trial *t, const char *inject)
{
	const struct strace_relais	r = {
		.output = temp_dir_path(&t->p.dir, "trace"),
		.conf = t->p.conf,
		.inject = inject,
		.words = run_queue,
		.input = "",
	};

	return strace_relais(&r);
}

static void
open_trial(struct trial *t)
{
	struct spool_options	options = { .create = true };
	struct failure		why;
	int			fd;

	strace_need();
	*t = (struct trial){ .runs = 0 };
	queue_fixture_open_fast(&t->p, &nobody);
	if (!spool_open(&t->spool, t->p.spool, &options, &why))
		fail_msg("%s", why.text);
	fd = openat(t->spool.fd, "storm", O_CREAT | O_WRONLY, 0600);
	assert_true(fd != -1);
	close(fd);
}

static void
close_trial(struct trial *t)
{
	spool_close(&t->spool);
	queue_fixture_close(&t->p);
}

/* Collects three messages, which are due. */
static void
put(struct trial *t)
{
	struct envelope		 env = { 0 };
	struct message		 message;
	struct spool_submission	 submission = {
		.envelope = &env, .message = &message, .collected = true,
		.next = time(NULL) - 1, .uid = 33, .caller = "www-data",
	};
	struct failure		 why;
	char			 id[ID_SIZE];

	envelope_set_reverse(&env, "me@example.org");
	envelope_add(&env, "a@example.net");
	for (unsigned i = 0; i < MESSAGES; i++) {
		temp_spool_message(&message, &t->spool, 300, i);
		if (!spool_commit(&t->spool, &submission, id, &why))
			fail_msg("%s", why.text);
		message_free(&message);
	}
	envelope_free(&env);
}

static void
count_entry(struct trial *t, const char *name)
{
	struct entry	 e;
	struct buffer	 text = { 0 };
	struct failure	 why;
	char		 path[200], subject[60];

	assert_int_equal(entry_open(&e, &t->spool, SPOOL_QUEUE, name,
	    ENTRY_LOOK, &why), ENTRY_OPENED);
	snprintf(path, sizeof(path), "%s/queue/%s", t->p.spool, name);
	file_read(&text, path);
	/* An incomplete digest is not sent; its messages may be there, too. */
	for (unsigned i = 0; i < MESSAGES; i++) {
		snprintf(subject, sizeof(subject),
		    "Subject: number %u,\r\n folded\r\n", i);
		if (strstr(text.data, subject) == NULL)
			continue;
		t->copies[i]++;
		t->ready[i] += !e.file.collected;
	}
	t->collected += e.file.collected;
	buffer_free(&text);
	entry_close(&e);
}

static void
look(struct trial *t)
{
	struct spool_list	list;
	struct failure		why;

	t->collected = 0;
	memset(t->copies, 0, sizeof(t->copies));
	memset(t->ready, 0, sizeof(t->ready));
	assert_true(spool_list(&list, &t->spool, SPOOL_QUEUE, &why));
	for (size_t i = 0; i < list.n; i++)
		count_entry(t, list.item[i].name);
	spool_list_free(&list);
	assert_int_equal(temp_spool_count(&t->spool, SPOOL_FAILED), 0);
}

static void
remove_all(struct trial *t)
{
	char	path[300];

	snprintf(path, sizeof(path), "%s/queue", t->p.spool);
	temp_dir_empty(path);
	snprintf(path, sizeof(path), "%s/tmp", t->p.spool);
	temp_dir_empty(path);
}

/* After a fault: nothing is lost, and the next queue run ends the work. */
static void
check(struct trial *t, const char *inject)
{
	look(t);
	for (size_t i = 0; i < MESSAGES; i++)
		if (t->copies[i] == 0 || t->copies[i] > 2 ||
		    (t->ready[i] > 0 && t->copies[i] > 1))
			fail_msg("%s: message %zu: %zu copies, %zu ready",
			    inject, i, t->copies[i], t->ready[i]);
	assert_int_equal(trace(t, NULL), 0);
	look(t);
	if (t->collected != 0)
		fail_msg("%s: after another run, %zu are collected", inject,
		    t->collected);
	for (size_t i = 0; i < MESSAGES; i++)
		if (t->copies[i] != 1)
			fail_msg("%s: after another run, message %zu: %zu "
			    "copies", inject, i, t->copies[i]);
}

static void
each_call(const struct strace_fault *fault)
{
	struct trial		t;
	struct strace_calls	calls;
	struct strace_walk	walk = { .calls = &calls, .fault = fault };
	char			inject[100];

	open_trial(&t);
	for (int i = 0; i < 2; i++) {
		put(&t);
		assert_int_equal(trace(&t, NULL), 0);
		strace_learn(&calls, temp_dir_path(&t.p.dir, "trace"),
		    "prctl(PR_SET_DUMPABLE, ");
		remove_all(&t);
	}
	while (strace_next(&walk, inject, sizeof(inject))) {
		put(&t);
		trace(&t, inject);
		check(&t, inject);
		remove_all(&t);
		t.runs++;
	}
	print_message("%zu runs\n", t.runs);
	assert_true(t.runs > 0);
	close_trial(&t);
}

static void
killed_at_any_call(void **state)
{
	const struct strace_fault	fault = { "signal=KILL", NULL, false };

	(void)state;
	each_call(&fault);
}

static const char	keeping[] = " write pwrite64 fdatasync fsync utimensat "
			    "unlinkat linkat renameat2 fcntl ftruncate ";

static void
any_call_is_interrupted(void **state)
{
	const struct strace_fault	fault = { "error=EINTR", keeping,
					    false };

	(void)state;
	each_call(&fault);
}

static void
any_call_fails(void **state)
{
	const struct strace_fault	fault = { "error=EIO", keeping, false };

	(void)state;
	each_call(&fault);
}

static void
a_full_disk(void **state)
{
	const struct strace_fault	fault = { "error=ENOSPC", keeping,
					    true };

	(void)state;
	each_call(&fault);
}

static const struct CMUnitTest storm_crash_spec[] = {
	cmocka_unit_test(killed_at_any_call),
	cmocka_unit_test(any_call_is_interrupted),
	cmocka_unit_test(any_call_fails),
	cmocka_unit_test(a_full_disk),
};

int
main(void)
{
	return cmocka_run_group_tests(storm_crash_spec, NULL, NULL);
}
