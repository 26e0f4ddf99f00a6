/*
 * The whole program, killed before each of its system calls, and with each of
 * those that keep a message failing in turn: what was acknowledged is never
 * lost, nothing is sent by half, and twice only where a server's last word
 * was on its way.
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
#include "support/queue.h"
#include "support/skip.h"
#include "support/spool.h"

#define LIST(...) ((const char *const[]){ __VA_ARGS__, "" })

static const char	strace[] = "/usr/bin/strace";

enum { CALLS_MAX = 200, PIDS_MAX = 16 };

/* One name of a call: which of its uses, counted in a process, matter. */
struct call {
	char	name[24];
	int	first;		/* after the configuration was found */
	int	last;
};

struct calls {
	struct call	call[CALLS_MAX];
	size_t		n;
};

static bool
is_traceable(void)
{
	struct outcome	o;
	bool		good;

#ifdef __SANITIZE_ADDRESS__
	return false;		/* it looks for leaks by tracing, too */
#endif
	if (access(strace, X_OK) != 0)
		return false;
	program_run(&o, &(struct program){ .path = strace,
	    .argv = WORDS("strace", "-qq", "-o", "/dev/null", "true") });
	good = o.status == 0;
	outcome_free(&o);
	return good;
}

/* relais under strace: the exit status, -1 if it was killed. */
static int
trace(struct queue_place *p, const char *inject, const char *const *words,
    const char *input)
{
	const char	*argv[32] = { "strace", "-f", "-qq", "-o",
			    folder_path(&p->folder, "trace") };
	size_t		 n = 5;
	struct outcome	 o;
	int		 status;

	if (inject != NULL) {
		argv[n++] = "-e";
		argv[n++] = inject;
	}
	argv[n++] = BUILD "/relais";
	argv[n++] = "-C";
	argv[n++] = p->conf;
	while (*words != NULL)
		argv[n++] = *words++;
	argv[n] = NULL;
	program_run(&o, &(struct program){ .path = strace, .argv = argv,
	    .input = input });
	if (o.signal != 0 && o.signal != SIGKILL)
		fail_msg("%s: signal %d", inject, o.signal);
	status = o.signal != 0 ? -1 : o.status;
	outcome_free(&o);
	return status;
}

static struct call *
find_call(struct calls *calls, const char *name)
{
	for (size_t i = 0; i < calls->n; i++)
		if (strcmp(calls->call[i].name, name) == 0)
			return &calls->call[i];
	assert_in_range(calls->n, 0, CALLS_MAX - 1);
	strlcpy(calls->call[calls->n].name, name,
	    sizeof(calls->call[0].name));
	return &calls->call[calls->n++];
}

/* What the last trace() did, behind the place where it had read conf. */
static void
learn(struct queue_place *p, struct calls *calls)
{
	struct counts {
		int		pid;
		struct calls	seen;
	}		*of = calloc(PIDS_MAX, sizeof(*of));
	struct buffer	 text = { 0 };
	bool		 inside = false;

	*calls = (struct calls){ 0 };
	file_read(&text, folder_path(&p->folder, "trace"));
	for (char *line = strtok(text.data, "\n"); line != NULL;
	    line = strtok(NULL, "\n")) {
		char		 name[24];
		struct call	*call;
		int		 pid, i = 0;

		inside |= strstr(line, "relais.conf") != NULL &&
		    strstr(line, "openat(") != NULL;
		if (sscanf(line, "%d %23[a-z0-9_](", &pid, name) != 2 ||
		    strstr(line, "resumed>") != NULL)
			continue;
		while (of[i].pid != 0 && of[i].pid != pid)
			i++;
		assert_in_range(i, 0, PIDS_MAX - 2);
		of[i].pid = pid;
		call = find_call(&of[i].seen, name);
		call->last++;
		if (!inside)
			continue;
		if (find_call(calls, name)->first == 0)
			find_call(calls, name)->first = call->last;
		if (find_call(calls, name)->last < call->last)
			find_call(calls, name)->last = call->last;
	}
	assert_in_range(calls->n, 5, CALLS_MAX);
	buffer_free(&text);
	free(of);
}

/* Empties the queue and failed/ for the next run. */
static void
sweep(struct queue_place *p)
{
	static const char *const	folders[] = { "queue", "failed", "tmp" };
	char				command[300];

	for (size_t i = 0; i < 3; i++) {
		snprintf(command, sizeof(command), "rm -f %s/%s/*", p->spool,
		    folders[i]);
		assert_int_equal(system(command), 0);
	}
}

struct counter {
	size_t	runs, killed, again;
};

typedef void each_fn(struct queue_place *, const char *inject,
	    struct counter *);

static void
for_each_call(struct queue_place *p, const struct calls *calls,
    const char *how, const char *only, each_fn *each, struct counter *c)
{
	char	inject[100];

	for (size_t i = 0; i < calls->n; i++) {
		const struct call	*call = &calls->call[i];
		char			 word[32];

		snprintf(word, sizeof(word), " %s ", call->name);
		if (strncmp(call->name, "exit", 4) == 0 ||
		    (only != NULL && strstr(only, word) == NULL))
			continue;
		for (int n = call->first; n <= call->last; n++) {
			snprintf(inject, sizeof(inject), "inject=%s:%s:when=%d",
			    call->name, how, n);
			each(p, inject, c);
			c->runs++;
			sweep(p);
		}
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
accept_one(struct queue_place *p, const char *inject, struct counter *c)
{
	int		 status = trace(p, inject, submit, letter);
	const char	*queued = tell_entries(p->spool, SPOOL_QUEUE);
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
begin(struct queue_place *p, struct calls *calls, const struct script *script,
    void (*put)(struct queue_place *), const char *const *words)
{
	if (!is_traceable())
		skip_because("needs strace and the right to trace, and a "
		    "build without AddressSanitizer");
	queue_place_open_fast(p, script);
	for (int i = 0; i < 2; i++) {
		if (put != NULL)
			put(p);
		assert_int_equal(trace(p, NULL, words, letter), 0);
		learn(p, calls);
		sweep(p);
	}
}

static const struct script	nobody = { .refusing = true, .life_s = 300 };

static void
killed_while_accepting(void **state)
{
	struct queue_place	p;
	struct calls		calls;
	struct counter		c = { 0 };

	(void)state;
	begin(&p, &calls, &nobody, NULL, submit);
	for_each_call(&p, &calls, "signal=KILL", NULL, accept_one, &c);
	print_message("%zu runs, %zu killed\n", c.runs, c.killed);
	assert_int_equal(c.runs, c.killed);
	queue_place_close(&p);
}

static void
calls_fail_while_accepting(void **state)
{
	static const char *const	errors[] = { "error=ENOSPC",
		"error=EIO", "error=EINTR", "error=EMFILE" };
	struct queue_place		p;
	struct calls			calls;
	struct counter			c = { 0 };

	(void)state;
	begin(&p, &calls, &nobody, NULL, submit);
	for (size_t i = 0; i < 4; i++)
		for_each_call(&p, &calls, errors[i], " write fsync fdatasync "
		    "linkat renameat renameat2 pwrite64 openat flock fchown "
		    "utimensat ", accept_one, &c);
	print_message("%zu runs\n", c.runs);
	queue_place_close(&p);
}

/* The file, its name, the folder: all on disk before the caller hears 0. */
static void
flushed_before_it_is_acknowledged(void **state)
{
	struct queue_place	 p;
	struct buffer		 text = { 0 };
	const char		*at;
	char			 want[40];
	int			 fd = -1;

	(void)state;
	if (!is_traceable())
		skip_because("needs strace and the right to trace, and a "
		    "build without AddressSanitizer");
	queue_place_open(&p, &(struct script){ .refusing = true }, NULL);
	assert_int_equal(trace(&p, NULL, submit, letter), 0);
	file_read(&text, folder_path(&p.folder, "trace"));
	assert_non_null(at = strstr(text.data, "O_TMPFILE"));
	assert_int_equal(sscanf(strstr(at, ") = "), ") = %d", &fd), 1);
	snprintf(want, sizeof(want), " fsync(%d) ", fd);
	assert_non_null(at = strstr(at, want));
	assert_non_null(at = strstr(at, " linkat("));
	assert_non_null(at = strstr(at, " fsync("));
	assert_int_not_equal(strncmp(at, want, strlen(want)), 0);
	assert_non_null(strstr(at, " exit_group(0)"));
	buffer_free(&text);
	queue_place_close(&p);
}

/*
 * Flushing.
 */

/* To the end, undisturbed. */
static void
settle(struct queue_place *p)
{
	struct outcome	o;

	relais_run(&o, p->conf, WORDS("-qf"), "");
	assert_int_equal(o.status, 0);
	outcome_free(&o);
}

static size_t
arrived(struct queue_place *p, const char *to)
{
	size_t	n = 0;

	assert_true(smarthost_wait_closed(p->host,
	    smarthost_connections(p->host)));
	for (size_t i = 0; i < smarthost_messages(p->host); i++) {
		const struct heard_message	*m =
		    smarthost_message(p->host, i);

		assert_non_null(strstr(m->data.data, "Subject: "));
		for (size_t k = 0; m->code == 250 && k < m->n_rcpt; k++)
			n += m->rcpt[k].code == 250 &&
			    strcmp(m->rcpt[k].path, to) == 0;
	}
	return n;
}

static const struct script	busy = { .life_s = 300, .steps = {
	{ .at = ON_RCPT, .match = "b@", .say = "450 busy" } } };
static const struct script	refusing = { .life_s = 300, .steps = {
	{ .at = ON_RCPT, .match = "b@", .say = "550 no" } } };

static void
put_two(struct queue_place *p)
{
	queue_put_one(p, "me@example.org", LIST("a@example.net",
	    "b@example.net"));
}

static void
put_one(struct queue_place *p)
{
	queue_put(p, "me@example.org", LIST("b@example.net"));
}

static void
flush_one(struct queue_place *p, const char *inject, struct counter *c)
{
	size_t	before, now, failed;

	put_two(p);
	before = arrived(p, "a@example.net");
	c->killed += trace(p, inject, flush, "") == -1;
	settle(p);
	now = arrived(p, "a@example.net");
	if (now == before)
		fail_msg("%s: it is lost", inject);
	if (now > before + 2)
		fail_msg("%s: it came %zu times", inject, now - before);
	c->again += now - before == 2;
	failed = tell_entries(p->spool, SPOOL_FAILED)[0] != '\0';
	if (failed || strcmp(tell_entries(p->spool, SPOOL_QUEUE),
	    "+a@example.net ?b@example.net") != 0)
		fail_msg("%s: left: %s", inject, tell_entries(p->spool,
		    SPOOL_QUEUE));
}

static void
killed_while_flushing(void **state)
{
	struct queue_place	p;
	struct calls		calls;
	struct counter		c = { 0 };

	(void)state;
	begin(&p, &calls, &busy, put_two, flush);
	for_each_call(&p, &calls, "signal=KILL", NULL, flush_one, &c);
	print_message("%zu runs, %zu messages came twice\n", c.runs, c.again);
	/* Only between the server's 250 and the status on our disk. */
	assert_in_range(c.again, 1, 8);
	queue_place_close(&p);
}

static void
calls_fail_while_flushing(void **state)
{
	static const char	keeping[] = " pwrite64 fdatasync fsync "
				    "utimensat unlinkat renameat2 flock ";
	struct queue_place	p;
	struct calls		calls;
	struct counter		c = { 0 };

	(void)state;
	begin(&p, &calls, &busy, put_two, flush);
	for_each_call(&p, &calls, "error=EINTR", keeping, flush_one, &c);
	for_each_call(&p, &calls, "error=EIO", keeping, flush_one, &c);
	for_each_call(&p, &calls, "error=ENOSPC", keeping, flush_one, &c);
	print_message("%zu runs, %zu messages came twice\n", c.runs, c.again);
	assert_int_equal(c.killed, 0);
	queue_place_close(&p);
}

/* A folder that lets go of nothing, as one without the right to write. */
static void
what_can_not_be_removed_is_not_sent_again(void **state)
{
	struct queue_place	p;

	(void)state;
	if (!is_traceable())
		skip_because("needs strace and the right to trace, and a "
		    "build without AddressSanitizer");
	queue_place_open(&p, &(struct script){ 0 }, NULL);
	put_two(&p);
	for (int i = 0; i < 2; i++)
		assert_int_equal(trace(&p, "inject=unlinkat:error=EACCES",
		    flush, ""), 0);
	assert_string_equal(tell_entries(p.spool, SPOOL_QUEUE),
	    "+a@example.net +b@example.net");
	settle(&p);
	assert_string_equal(tell_entries(p.spool, SPOOL_QUEUE), "");
	assert_int_equal(arrived(&p, "a@example.net"), 1);
	queue_place_close(&p);
}

/* The sender hears of it, or it is kept; and he hears of it once. */
static void
give_up_one(struct queue_place *p, const char *inject, struct counter *c)
{
	size_t	before, now;
	bool	kept;

	put_one(p);
	before = arrived(p, "me@example.org");
	c->killed += trace(p, inject, flush, "") == -1;
	settle(p);
	now = arrived(p, "me@example.org");
	kept = tell_entries(p->spool, SPOOL_FAILED)[0] != '\0';
	if (now == before && !kept)
		fail_msg("%s: nobody was told", inject);
	if (now > before + 2)
		fail_msg("%s: %zu notices", inject, now - before);
	c->again += now - before == 2;
	assert_string_equal(tell_entries(p->spool, SPOOL_QUEUE), "");
}

static void
killed_while_giving_up(void **state)
{
	struct queue_place	p;
	struct calls		calls;
	struct counter		c = { 0 };

	(void)state;
	begin(&p, &calls, &refusing, put_one, flush);
	for_each_call(&p, &calls, "signal=KILL", NULL, give_up_one, &c);
	print_message("%zu runs, %zu notices came twice\n", c.runs, c.again);
	assert_in_range(c.again, 0, 8);
	queue_place_close(&p);
}

static void
calls_fail_while_giving_up(void **state)
{
	static const char	keeping[] = " write openat linkat pwrite64 "
				    "fdatasync fsync utimensat unlinkat "
				    "renameat2 flock ";
	struct queue_place	p;
	struct calls		calls;
	struct counter		c = { 0 };

	(void)state;
	begin(&p, &calls, &refusing, put_one, flush);
	for_each_call(&p, &calls, "error=EIO", keeping, give_up_one, &c);
	for_each_call(&p, &calls, "error=ENOSPC", keeping, give_up_one, &c);
	print_message("%zu runs, %zu notices came twice\n", c.runs, c.again);
	assert_int_equal(c.killed, 0);
	queue_place_close(&p);
}

/*
 * File systems that take no more.
 */

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
	struct queue_place	 p;
	struct disk		 disk;
	struct buffer		 input = { 0 };
	struct outcome		 o;

	buffer_add_text(&input, letter);
	while (input.len < 200000)
		buffer_add_text(&input, "a line that fills the disk\n");
	queue_place_open(&p, &(struct script){ 0 }, NULL);
	queue_put(&p, "me@example.org", LIST("a@example.net"));
	disk = (struct disk){ p.spool, t->options };
	program_run(&o, &(struct program){ .path = BUILD "/relais",
	    .argv = WORDS("relais", "-C", p.conf, t->argument,
	    "b@example.net"), .input = input.data, .prepare = mount_disk,
	    .ctx = &disk });
	if (o.status == 99)
		skip_because("needs a mount namespace of its own");
	assert_int_equal(o.status, t->status);
	if (strstr(o.err.data, t->words) == NULL)
		fail_msg("no \"%s\" in: %s", t->words, o.err.data);
	/* What it could not have written down, it has not done. */
	assert_int_equal(smarthost_messages(p.host), 0);
	assert_string_equal(tell_entries(p.spool, SPOOL_QUEUE),
	    "?a@example.net");
	outcome_free(&o);
	buffer_free(&input);
	queue_place_close(&p);
}

#define DISK(sentence, ...) { sentence, is_refused_by_disk, NULL, NULL, \
	&(struct disk_case){ __VA_ARGS__ } }

static const struct CMUnitTest crash_spec[] = {
	cmocka_unit_test(killed_while_accepting),
	cmocka_unit_test(calls_fail_while_accepting),
	cmocka_unit_test(flushed_before_it_is_acknowledged),
	cmocka_unit_test(killed_while_flushing),
	cmocka_unit_test(calls_fail_while_flushing),
	cmocka_unit_test(what_can_not_be_removed_is_not_sent_again),
	cmocka_unit_test(killed_while_giving_up),
	cmocka_unit_test(calls_fail_while_giving_up),
	DISK("a full disk", .options = "size=64k,mode=700",
	    .argument = "-odq", .status = EX_TEMPFAIL,
	    .words = "No space left on device"),
	DISK("no inodes", .options = "nr_inodes=5,mode=700",
	    .argument = "-odq", .status = EX_TEMPFAIL,
	    .words = "No space left on device"),
	DISK("a read-only disk", .argument = "-odq", .status = EX_CANTCREAT,
	    .words = "Read-only file system"),
	DISK("a read-only disk, and entries on it", .argument = "-qf",
	    .status = EX_OK, .words = ""),
};

int
main(void)
{
	return cmocka_run_group_tests(crash_spec, NULL, NULL);
}
