/*
 * The whole program, killed before each system call that changes something,
 * and with each of those that keep a message failing in turn, once or from
 * then on: what was acknowledged is never lost, and nothing is sent by half.
 *
 * A message may be sent twice only if nothing recorded that it was sent.  That
 * window begins with the server's reply to the end of the message and ends
 * when the first of these system calls succeeds: pwrite(2) of the outcomes,
 * unlink(2) of an entry that is done with, rename(2) into failed/.  The server
 * is sent nothing else meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/program.h"
#include "support/queue_fixture.h"
#include "support/skip.h"
#include "support/strace.h"
#include "support/temp_spool.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, "" })

enum { ORDER_MAX = 40 };

static int
trace(struct queue_fixture *p, const char *inject, const char *const *words,
    const char *input)
{
	const struct strace_relais	r = {
		.output = temp_dir_path(&p->dir, "trace"),
		.conf = p->conf,
		.inject = inject,
		.words = words,
		.input = input,
	};

	return strace_relais(&r);
}

/* Empties the queue and failed/ for the next run. */
static void
sweep(struct queue_fixture *p)
{
	static const char *const	dirs[] = { "queue", "failed",
	    "tmp" };
	char				path[300];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", p->spool, dirs[i]);
		temp_dir_empty(path);
	}
}

/* A line of the last trace() that tells how a call ended, and how. */
static bool
is_end_of(const char *line, const char *name, long *result)
{
	char		 begin[40], resumed[60];
	const char	*equals = strstr(line, " = ");
	char		*end;

	snprintf(begin, sizeof(begin), " %s(", name);
	snprintf(resumed, sizeof(resumed), "<... %s resumed>", name);
	if (equals == NULL || (strstr(line, begin) == NULL &&
	    strstr(line, resumed) == NULL))
		return false;
	*result = strtol(equals + 3, &end, 10);
	return end != equals + 3;	/* "?": killed before the result */
}

/* The process in the last trace() that spoke to the server; 0: none did. */
static int
worker_of(struct queue_fixture *p)
{
	struct buffer	 text = { 0 };
	const char	*at;
	int		 pid = 0;

	file_read(&text, temp_dir_path(&p->dir, "trace"));
	if ((at = strstr(text.data, " sendto(")) != NULL) {
		while (at > text.data && at[-1] != '\n')
			at--;
		pid = atoi(at);
	}
	buffer_free(&text);
	return pid;
}

/* How often this call succeeded in it. */
static size_t
successes(struct queue_fixture *p, const char *name)
{
	struct buffer	text = { 0 };
	int		worker = worker_of(p), pid;
	size_t		n = 0;
	long		result;

	file_read(&text, temp_dir_path(&p->dir, "trace"));
	for (char *line = strtok(text.data, "\n"); line != NULL;
	    line = strtok(NULL, "\n"))
		n += sscanf(line, "%d ", &pid) == 1 && pid == worker &&
		    is_end_of(line, name, &result) && result >= 0;
	buffer_free(&text);
	return n;
}

struct counter {
	size_t	runs, killed, again;
};

typedef void each_fn(struct queue_fixture *, const char *inject,
	    struct counter *);

static const struct strace_fault	killed = { "signal=KILL", NULL, false };

static void
for_each_call(struct queue_fixture *p, const struct strace_calls *calls,
    const struct strace_fault *fault, each_fn *each, struct counter *c)
{
	struct strace_walk	walk = { .calls = calls, .fault = fault };
	char			inject[100];

	while (strace_next(&walk, inject, sizeof(inject))) {
		each(p, inject, c);
		c->runs++;
		sweep(p);
	}
}

/*
 * Accepting.
 */

static const char	letter[] = "Subject: run\nFrom: me@example.org\n"
			    "To: list@example.org\n\nthe body\n";

static const char *const	submit[] = { "-i", "a@example.net",
	"b@example.net", NULL };

static const char	both[] = "?a@example.net ?b@example.net";

static void
accept_one(struct queue_fixture *p, const char *inject, struct counter *c)
{
	int		 status = trace(p, inject, submit, letter);
	const char	*queued = temp_spool_entries(p->spool, SPOOL_QUEUE);
	bool		 whole = strcmp(queued, both) == 0;

	if (status == -1 ? !whole && queued[0] != '\0' :
	    status == 0 ? !whole : queued[0] != '\0')
		fail_msg("%s: exit %d, queue: %s", inject, status, queued);
	c->killed += status == -1;
}

static const char *const	flush[] = { "-qf", NULL };

/*
 * A place, and which calls the work makes there; the first time makes the
 * spool, and does not count.
 */
static void
begin(struct queue_fixture *p, struct strace_calls *calls,
    const struct script *script, void (*put)(struct queue_fixture *),
    const char *const *words)
{
	strace_need();
	queue_fixture_open_fast(p, script);
	for (int i = 0; i < 2; i++) {
		if (put != NULL)
			put(p);
		assert_int_equal(trace(p, NULL, words, letter),
		    words == flush ? EX_TEMPFAIL : 0);
		strace_learn(calls, temp_dir_path(&p->dir, "trace"),
		    "prctl(PR_SET_DUMPABLE, ");
		sweep(p);
	}
}

/* What is done again and again, each time with another fault. */
struct work {
	const struct script	*script;
	void		       (*put)(struct queue_fixture *);	/* or NULL */
	const char *const	*words;
	each_fn			*each;
};

static struct counter
try_faults(const struct work *w, const struct strace_fault *faults, size_t n)
{
	struct queue_fixture	p;
	struct strace_calls	calls;
	struct counter		c = { 0 };

	begin(&p, &calls, w->script, w->put, w->words);
	for (size_t i = 0; i < n; i++)
		for_each_call(&p, &calls, &faults[i], w->each, &c);
	print_message("%zu runs, %zu killed, %zu messages came twice\n",
	    c.runs, c.killed, c.again);
	queue_fixture_close(&p);
	return c;
}

#define COUNT(faults)	(sizeof(faults) / sizeof(*(faults)))

static const struct script	nobody = { .refusing = true };

static const struct work	accepting = { &nobody, NULL, submit,
	accept_one };

static void
kill_while_accepting(void **state)
{
	const struct counter	c = try_faults(&accepting, &killed, 1);

	(void)state;
	assert_int_equal(c.runs, c.killed);
}

static void
failing_calls_while_accepting(void **state)
{
	static const char	keeping[] = " write fsync fdatasync linkat "
				    "renameat renameat2 pwrite64 openat fcntl "
				    "fchown utimensat ";
	const struct strace_fault	faults[] = {
		{ "error=ENOSPC", keeping, false },
		{ "error=EIO", keeping, false },
		{ "error=EINTR", keeping, false },
		{ "error=EMFILE", keeping, false },
		{ "error=ENOSPC", keeping, true },
	};

	(void)state;
	try_faults(&accepting, faults, COUNT(faults));
}

/* The file, its name and the directory are synced before exit status 0. */
static void
sync_before_exit_0(void **state)
{
	struct queue_fixture	 p;
	struct buffer		 text = { 0 };
	const char		*at;
	char			 want[40];
	int			 fd = -1;

	(void)state;
	strace_need();
	queue_fixture_open(&p, &(struct script){ .refusing = true }, NULL);
	assert_int_equal(trace(&p, NULL, submit, letter), 0);
	file_read(&text, temp_dir_path(&p.dir, "trace"));
	assert_non_null(at = strstr(text.data, "O_TMPFILE"));
	assert_int_equal(sscanf(strstr(at, ") = "), ") = %d", &fd), 1);
	snprintf(want, sizeof(want), " fsync(%d) ", fd);
	assert_non_null(at = strstr(at, want));
	assert_non_null(at = strstr(at, " linkat("));
	assert_non_null(at = strstr(at, " fsync("));
	assert_int_not_equal(strncmp(at, want, strlen(want)), 0);
	assert_non_null(strstr(at, " exit_group(0)"));
	buffer_free(&text);
	queue_fixture_close(&p);
}

/*
 * Flushing.
 */

static size_t
arrived(struct queue_fixture *p, const char *to)
{
	size_t	n = 0;

	assert_true(mock_smtp_wait_closed(p->host,
	    mock_smtp_connections(p->host)));
	for (size_t i = 0; i < mock_smtp_messages(p->host); i++) {
		const struct heard_message	*m =
		    mock_smtp_message(p->host, i);

		assert_non_null(strstr(m->data.data, "Subject: "));
		for (size_t k = 0; m->code == 250 && k < m->n_rcpt; k++)
			n += m->rcpt[k].code == 250 &&
			    strcmp(m->rcpt[k].path, to) == 0;
	}
	return n;
}

static const struct script	busy = { .steps = {
	{ .at = ON_RCPT, .match = "b@", .say = "450 busy" } } };
static const struct script	busy_one_by_one = {
	.keywords = "PIPELINING\nLIMITS RCPTMAX=1", .steps = {
	{ .at = ON_RCPT, .match = "b@", .say = "450 busy" } } };
static const struct script	refusing = { .steps = {
	{ .at = ON_RCPT, .match = "b@", .say = "550 no" } } };

static void
put_two(struct queue_fixture *p)
{
	queue_fixture_put_one(p, "me@example.org", LIST("a@example.net",
	    "b@example.net"));
}

static void
put_one(struct queue_fixture *p)
{
	queue_fixture_put(p, "me@example.org", LIST("b@example.net"));
}

/*
 * How often the message may come after the last trace().  The worker's first
 * pwrite(2) only proves that the entry can be written, so the second one ends
 * the window that the head of this file tells of.
 */
static size_t
copies_allowed(struct queue_fixture *p)
{
	size_t			 n = mock_smtp_connections(p->host);
	const struct heard	*last;

	assert_true(mock_smtp_wait_closed(p->host, n));
	last = n > 0 ? mock_smtp_heard(p->host, n - 1) : NULL;
	if (successes(p, "pwrite64") == 1 && successes(p, "renameat2") == 0 &&
	    last != NULL && last->n_messages == 1)
		return 2;
	return 1;
}

/* One recipient is delivered, the other waits; checks the entry. */
static void
check_flushed(struct queue_fixture *p, const char *inject, size_t copies,
    size_t copies_max)
{
	const char	*queued, *failed;

	if (copies == 0)
		fail_msg("%s: it is lost", inject);
	if (copies > copies_max)
		fail_msg("%s: it came %zu times", inject, copies);
	failed = strdup(temp_spool_entries(p->spool, SPOOL_FAILED));
	queued = temp_spool_entries(p->spool, SPOOL_QUEUE);
	if (failed[0] != '\0' ? queued[0] != '\0' ||
	    strstr(failed, "?b@example.net") == NULL :
	    strcmp(queued, "+a@example.net ?b@example.net") != 0)
		fail_msg("%s: in the queue: %s; failed: %s", inject, queued,
		    failed);
	free((char *)failed);
}

static void
flush_killed(struct queue_fixture *p, const char *inject, struct counter *c)
{
	size_t	before = arrived(p, "a@example.net"), copies, allowed;

	put_two(p);
	c->killed += trace(p, inject, flush, "") == -1;
	allowed = copies_allowed(p);
	queue_fixture_run(p, "-qf", QUEUE_FIXTURE_ANY);
	copies = arrived(p, "a@example.net") - before;
	c->again += copies == 2;
	check_flushed(p, inject, copies, allowed);
	assert_string_equal(temp_spool_entries(p->spool, SPOOL_FAILED), "");
}

static void
kill_while_flushing(const struct script *script,
    const struct strace_fault *fault)
{
	const struct work	flushing = { script, put_two, flush,
		flush_killed };

	assert_true(try_faults(&flushing, fault, 1).again >= 1);
}

static void
kill_during_a_queue_run(void **state)
{
	(void)state;
	kill_while_flushing(&busy, &killed);
}

/* The first transaction is recorded before the second one begins. */
static void
kill_with_one_transaction_for_each_recipient(void **state)
{
	const struct strace_fault	fault = { "signal=KILL",
		" sendto pwrite64 fdatasync utimensat ", false };

	(void)state;
	kill_while_flushing(&busy_one_by_one, &fault);
}

/* The fault no longer occurs in the next queue run. */
static void
flush_failing(struct queue_fixture *p, const char *inject, struct counter *c)
{
	size_t	before = arrived(p, "a@example.net");

	put_two(p);
	c->killed += trace(p, inject, flush, "") == -1;
	queue_fixture_run(p, "-qf", QUEUE_FIXTURE_ANY);
	check_flushed(p, inject, arrived(p, "a@example.net") - before, 1);
	if (strstr(inject, "EINTR") != NULL)
		assert_string_equal(temp_spool_entries(p->spool, SPOOL_FAILED),
		    "");
}

static const char	keeping[] = " pwrite64 fdatasync fsync utimensat "
			    "unlinkat renameat2 fcntl ";

static void
failing_calls_during_a_queue_run(void **state)
{
	const struct strace_fault	faults[] = {
		{ "error=EINTR", keeping, false },
		{ "error=EIO", keeping, false },
		{ "error=ENOSPC", keeping, false },
	};
	const struct work		flushing = { &busy, put_two, flush,
		flush_failing };

	(void)state;
	assert_int_equal(try_faults(&flushing, faults, COUNT(faults)).killed,
	    0);
}

/* "inject=pwrite64:error=EIO:when=2+" and so fails all later runs. */
static void
fail_from_the_start(char *to, size_t size, const char *inject)
{
	size_t	at = 0;

	for (const char *c = inject; *c != '\0' && at + 2 < size; c++) {
		to[at++] = *c;
		if (*c != '=' || strncmp(c - 4, "when", 4) != 0)
			continue;
		to[at++] = '1';
		while (c[1] >= '0' && c[1] <= '9')
			c++;
	}
	to[at] = '\0';
}

/* The fault lasts for two more runs of the queue. */
static void
flush_failing_on(struct queue_fixture *p, const char *inject,
    struct counter *c)
{
	size_t	before = arrived(p, "a@example.net"), allowed;
	char	always[600];

	put_two(p);
	trace(p, inject, flush, "");
	allowed = copies_allowed(p);
	fail_from_the_start(always, sizeof(always), inject);
	for (int i = 0; i < 2; i++)
		trace(p, always, flush, "");
	if (arrived(p, "a@example.net") > before + 1)
		fail_msg("%s: each run sends it again", inject);
	queue_fixture_run(p, "-qf", QUEUE_FIXTURE_ANY);
	c->again += arrived(p, "a@example.net") == before + 2;
	check_flushed(p, inject, arrived(p, "a@example.net") - before,
	    allowed);
}

static void
permanently_failing_calls_during_a_queue_run(void **state)
{
	const struct strace_fault	faults[] = {
		{ "error=EIO", keeping, true },
		{ "error=ENOSPC", keeping, true },
	};
	const struct work		flushing = { &busy, put_two, flush,
		flush_failing_on };

	(void)state;
	/* One system call fails, and another one keeps the entry safe. */
	assert_int_equal(try_faults(&flushing, faults, COUNT(faults)).again,
	    0);
}

struct order {
	char	name[ORDER_MAX][24];
	size_t	n;
};

/* The worker's calls in the last trace() that keep the entry, in order. */
static void
learn_order(struct queue_fixture *p, struct order *order)
{
	struct buffer	 text = { 0 };
	int		 worker = worker_of(p), pid;
	char		 name[24], word[32];

	*order = (struct order){ 0 };
	file_read(&text, temp_dir_path(&p->dir, "trace"));
	for (char *line = strtok(text.data, "\n"); line != NULL;
	    line = strtok(NULL, "\n")) {
		if (sscanf(line, "%d %23[a-z0-9_](", &pid, name) != 2 ||
		    pid != worker || strstr(line, "resumed>") != NULL)
			continue;
		snprintf(word, sizeof(word), " %s ", name);
		if (strstr(keeping, word) == NULL)
			continue;
		assert_in_range(order->n, 0, ORDER_MAX - 1);
		strlcpy(order->name[order->n++], name,
		    sizeof(order->name[0]));
	}
	buffer_free(&text);
}

/*
 * All calls that write fail from the k-th on.  fcntl(2) does not: it would also
 * fail in the process that lists the queue.
 */
static void
spoil_from(char *to, size_t size, const struct order *order, size_t k,
    const char *error)
{
	char	names[] = "pwrite64 fdatasync fsync utimensat unlinkat "
		    "renameat2";
	size_t	at = 0;

	for (char *name = strtok(names, " "); name != NULL;
	    name = strtok(NULL, " ")) {
		int	when = 1;

		for (size_t i = 0; i < k; i++)
			when += strcmp(order->name[i], name) == 0;
		at += (size_t)snprintf(to + at, size - at,
		    "inject=%s:error=%s:when=%d+ ", name, error, when);
	}
}

static void
permanently_failing_disk_during_a_queue_run(void **state)
{
	static const char *const	errors[] = { "EIO", "ENOSPC" };
	struct queue_fixture	p;
	struct strace_calls	calls;
	struct order		order;
	struct counter		c = { 0 };
	char			inject[600];

	(void)state;
	begin(&p, &calls, &busy, put_two, flush);
	learn_order(&p, &order);
	assert_in_range(order.n, 8, ORDER_MAX);
	for (size_t i = 0; i < 2 * order.n; i++) {
		spoil_from(inject, sizeof(inject), &order, i / 2,
		    errors[i % 2]);
		flush_failing_on(&p, inject, &c);
		sweep(&p);
	}
	/* If nothing could be written after the server's reply. */
	assert_int_equal(c.again, 2);
	queue_fixture_close(&p);
}

/* A directory without write permission, whose files cannot be removed. */
static void
an_entry_that_cannot_be_removed_is_not_sent_again(void **state)
{
	struct queue_fixture	p;

	(void)state;
	strace_need();
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	put_two(&p);
	for (int i = 0; i < 2; i++)
		assert_int_equal(trace(&p, "inject=unlinkat:error=EACCES",
		    flush, ""), EX_TEMPFAIL);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "+a@example.net +b@example.net");
	queue_fixture_run(&p, "-qf", QUEUE_FIXTURE_ANY);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE), "");
	assert_int_equal(arrived(&p, "a@example.net"), 1);
	queue_fixture_close(&p);
}

/* Whether the messages that came after the first n are copies of one. */
static bool
are_copies(struct queue_fixture *p, size_t n)
{
	struct buffer	first = { 0 };
	bool		same = true;

	for (; n < mock_smtp_messages(p->host); n++) {
		const struct heard_message	*m =
		    mock_smtp_message(p->host, n);

		if (first.len == 0)
			buffer_add(&first, m->data.data, m->data.len);
		same &= first.len == m->data.len &&
		    memcmp(first.data, m->data.data, m->data.len) == 0;
	}
	buffer_free(&first);
	return same;
}

/*
 * The sender gets one bounce, or the entry is kept.  The first unlink(2) removes
 * the entry, the second one the bounce that was sent.  Like every message, that
 * bounce is sent again if a crash falls between the reply and its removal; no
 * crash causes another bounce.
 */
static void
give_up_one(struct queue_fixture *p, const char *inject, struct counter *c)
{
	size_t	before = arrived(p, "me@example.org"), sent, now, allowed;
	size_t	messages = mock_smtp_messages(p->host);
	bool	kept;

	put_one(p);
	c->killed += trace(p, inject, flush, "") == -1;
	sent = arrived(p, "me@example.org") - before;
	allowed = sent == 1 && successes(p, "unlinkat") == 1 &&
	    successes(p, "renameat2") == 0 ? 2 : 1;
	queue_fixture_run(p, "-qf", QUEUE_FIXTURE_ANY);
	now = arrived(p, "me@example.org");
	kept = temp_spool_entries(p->spool, SPOOL_FAILED)[0] != '\0';
	if (now == before && !kept)
		fail_msg("%s: nobody was told", inject);
	if (now > before + allowed)
		fail_msg("%s: %zu notices", inject, now - before);
	if (!are_copies(p, messages))
		fail_msg("%s: there are two bounces", inject);
	c->again += now - before == 2;
	assert_string_equal(temp_spool_entries(p->spool, SPOOL_QUEUE), "");
}

static const struct work	giving_up = { &refusing, put_one, flush,
	give_up_one };

static void
kill_while_giving_up(void **state)
{
	const struct counter	c = try_faults(&giving_up, &killed, 1);

	(void)state;
	assert_in_range(c.again, 1, c.runs);
}

static void
failing_calls_while_giving_up(void **state)
{
	static const char	making[] = " write openat linkat pwrite64 "
				    "fdatasync fsync utimensat unlinkat "
				    "renameat2 fcntl ";
	const struct strace_fault	faults[] = {
		{ "error=EIO", making, false },
		{ "error=ENOSPC", making, false },
		{ "error=ENOSPC", making, true },
	};
	struct counter			c;

	(void)state;
	c = try_faults(&giving_up, faults, COUNT(faults));
	assert_int_equal(c.killed, 0);
	assert_int_equal(c.again, 0);
}

/* File systems that cannot be written. */

struct disk {
	const char	*spool;
	const char	*options;	/* of a tmpfs; NULL: read-only */
};

static void
mount_disk(void *ctx)
{
	const struct disk	*d = ctx;

	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC |
	    MS_PRIVATE, NULL) != 0)
		_exit(99);
	if (d->options != NULL ? mount("tmpfs", d->spool, "tmpfs", 0,
	    d->options) != 0 : mount(d->spool, d->spool, NULL, MS_BIND,
	    NULL) != 0 || mount(NULL, d->spool, NULL, MS_REMOUNT | MS_BIND |
	    MS_RDONLY, NULL) != 0)
		_exit(99);
}

struct disk_case {
	const char	*options;
	const char	*argument;
	int		 status;
	const char	*words;
};

static void
is_refused_by_disk(void **state)
{
	const struct disk_case	*t = *state;
	struct queue_fixture	 p;
	struct disk		 disk;
	struct buffer		 input = { 0 };
	struct program_result	 o;

	buffer_add_text(&input, letter);
	while (input.len < 200000)
		buffer_add_text(&input, "a line that fills the disk\n");
	queue_fixture_open(&p, &(struct script){ 0 }, NULL);
	queue_fixture_put(&p, "me@example.org", LIST("a@example.net"));
	disk = (struct disk){ p.spool, t->options };
	program_run(&o, &(struct program){
	    .argv = WORDS("relais", "-C", p.conf, t->argument,
	    "b@example.net"), .input = input.data, .prepare = mount_disk,
	    .ctx = &disk });
	if (o.status == 99)
		skip_because("needs a mount namespace of its own");
	assert_int_equal(o.status, t->status);
	if (strstr(o.err.data, t->words) == NULL &&
	    strstr(o.out.data, t->words) == NULL)
		fail_msg("no \"%s\" in: %s%s", t->words, o.err.data,
		    o.out.data);
	/* An outcome that could not be recorded must not have happened. */
	assert_int_equal(mock_smtp_messages(p.host), 0);
	assert_string_equal(temp_spool_entries(p.spool, SPOOL_QUEUE),
	    "?a@example.net");
	program_result_free(&o);
	buffer_free(&input);
	queue_fixture_close(&p);
}

#define DISK(sentence, ...) { sentence, is_refused_by_disk, NULL, NULL, \
	&(struct disk_case){ __VA_ARGS__ } }

static const struct CMUnitTest crash_spec[] = {
	cmocka_unit_test(kill_while_accepting),
	cmocka_unit_test(failing_calls_while_accepting),
	cmocka_unit_test(sync_before_exit_0),
	cmocka_unit_test(kill_during_a_queue_run),
	cmocka_unit_test(kill_with_one_transaction_for_each_recipient),
	cmocka_unit_test(failing_calls_during_a_queue_run),
	cmocka_unit_test(permanently_failing_calls_during_a_queue_run),
	cmocka_unit_test(permanently_failing_disk_during_a_queue_run),
	cmocka_unit_test(an_entry_that_cannot_be_removed_is_not_sent_again),
	cmocka_unit_test(kill_while_giving_up),
	cmocka_unit_test(failing_calls_while_giving_up),
	DISK("a full disk", .options = "size=64k,mode=700",
	    .argument = "-odq", .status = EX_TEMPFAIL,
	    .words = "No space left on device"),
	DISK("a disk without free inodes", .options = "nr_inodes=5,mode=700",
	    .argument = "-odq", .status = EX_TEMPFAIL,
	    .words = "No space left on device"),
	DISK("a read-only disk", .argument = "-odq", .status = EX_CANTCREAT,
	    .words = "Read-only file system"),
	DISK("a read-only disk with entries", .argument = "-qf",
	    .status = EX_TEMPFAIL, .words = "not sent: 1 after a disk error; "
	    "last error: "),
	DISK("a read-only disk is listed as the reason", .argument = "-bp",
	    .status = EX_OK, .words = "(cannot be sent: the file system of "
	    "the queue is read-only)\n"),
};

int
main(void)
{
	return cmocka_run_group_tests(crash_spec, NULL, NULL);
}
