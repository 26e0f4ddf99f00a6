/*
 * A delivery into a Maildir and by a program, with each process killed before
 * each system call that changes something, and with each of these calls failing
 * in turn: a message that was accepted is delivered or in the queue, and no
 * part of a message is delivered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/queue_fixture.h"
#include "support/strace.h"
#include "support/temp_spool.h"

#define BODY	"\nthe first line\nthe last line\n"

static const struct script	unused = { 0 };
static const char		letter[] = "Subject: run\nFrom: a@example.org\n"
				    "To: b@example.net\n" BODY;

struct place {
	struct queue_fixture	p;
	const char		*delivered;	/* a directory */
};

static int
trace(struct place *t, const char *inject)
{
	return strace_relais(&(struct strace_relais){
	    .output = temp_dir_path(&t->p.dir, "trace"), .conf = t->p.conf,
	    .inject = inject, .words = (const char *const[]){ "-i", "-f",
	    "a@example.org", "b@example.net", NULL }, .input = letter });
}

/* The number of messages, each of which is whole. */
static size_t
count_delivered(struct place *t, const char *inject)
{
	const char	*path = temp_dir_path(&t->p.dir, t->delivered);
	DIR		*d = opendir(path);
	struct buffer	 text = { 0 };
	struct dirent	*e;
	char		 file[600];
	size_t		 n = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
		file_read(&text, file);
		if (strstr(text.data, "Subject: run\n") == NULL ||
		    text.len < sizeof(BODY) || strcmp(text.data + text.len -
		    strlen(BODY), BODY) != 0)
			fail_msg("%s: delivered \"%s\"", inject, text.data);
		n++;
	}
	if (d != NULL)
		closedir(d);
	buffer_free(&text);
	return n;
}

static void
sweep(struct place *t)
{
	static const char *const	dirs[] = { "spool/queue",
	    "spool/failed", "spool/tmp", "Maildir/new", "Maildir/tmp",
	    "out" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		temp_dir_empty(temp_dir_path(&t->p.dir, dirs[i]));
}

static void
try_fault(struct place *t, const char *inject)
{
	int	status = trace(t, inject);
	size_t	n = count_delivered(t, inject);
	bool	queued = temp_spool_entries(t->p.spool, SPOOL_QUEUE)[0] != '\0';

	if (n > 1)
		fail_msg("%s: delivered %zu times", inject, n);
	if (status == EX_OK && n == 0 && !queued)
		fail_msg("%s: accepted and lost", inject);
	/* Then, the next attempt is in an hour. */
	if (n == 1 && queued) {
		bool	locked;

		if (temp_spool_next(t->p.spool, &locked) < 3000 && status == 0)
			fail_msg("%s: delivered, and will be again", inject);
	}
	sweep(t);
}

struct crash {
	const char		*sentence;
	bool			 maildir;
	struct strace_fault	 fault;
};

#define CALLS " openat mkdirat write sendto recvfrom read fsync renameat " \
	"unlinkat fchmod memfd_create clone execve lseek wait4 "

static const struct crash	crashes[] = {
	{ "a Maildir, and a process is killed", true,
	    { "signal=KILL", CALLS, false } },
	{ "a Maildir, and a call fails with EIO", true,
	    { "error=EIO", " openat write fsync renameat fchmod ", false } },
	{ "a Maildir, and a disk is full", true,
	    { "error=ENOSPC", " openat mkdirat write fsync renameat ", true } },
	{ "a program, and a process is killed", false,
	    { "signal=KILL", CALLS, false } },
	{ "a program, and a call fails with EIO", false,
	    { "error=EIO", " write memfd_create pipe2 execve lseek sendto ",
	    false } },
	{ "a program, and calls are interrupted", false,
	    { "error=EINTR", " poll sendto recvfrom read wait4 write ",
	    false } },
};

static void
loses_nothing(void **state)
{
	const struct crash	*c = *state;
	struct place		 t = { .delivered = c->maildir ?
				    "Maildir/new" : "out" };
	struct strace_calls	 calls;
	struct strace_walk	 walk = { .calls = &calls, .fault = &c->fault };
	struct buffer		 more = { 0 };
	char			 inject[100];

	strace_need();
	queue_fixture_open(&t.p, &unused, NULL);
	buffer_addf(&more, "#!/bin/sh\ncd %s && cat >tmp && mv tmp out/$$\n",
	    t.p.dir.path);
	temp_dir_write(&t.p.dir, "send", 0700, more.data);
	temp_dir_write(&t.p.dir, "out/x", 0600, "");
	buffer_clear(&more);
	buffer_addf(&more, "timeout = 5s\nsmarthost = %s://%s/%s\n",
	    c->maildir ? "maildir" : "command", t.p.dir.path,
	    c->maildir ? "Maildir" : "send");
	queue_fixture_change(&t.p, &unused, more.data);
	buffer_free(&more);
	sweep(&t);
	assert_int_equal(trace(&t, NULL), EX_OK);
	assert_int_equal(count_delivered(&t, "none"), 1);
	sweep(&t);
	assert_int_equal(trace(&t, NULL), EX_OK);
	strace_learn(&calls, temp_dir_path(&t.p.dir, "trace"), "socketpair(");
	sweep(&t);
	while (strace_next(&walk, inject, sizeof(inject)))
		try_fault(&t, inject);
	queue_fixture_close(&t.p);
}

int
main(void)
{
	return CASES_RUN("crashes", loses_nothing, crashes);
}
