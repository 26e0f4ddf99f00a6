/*
 * The state of an entry after a system call fails, or after the process is
 * killed before the call.  This program runs itself under strace: first to list
 * the system calls, and then once for each call and each error.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <cmocka.h>

#include "queue/commit.h"
#include "queue/entry.h"
#include "queue/usage.h"
#include "support/skip.h"
#include "support/temp_spool.h"
#include "util/memory.h"

enum { SMALL = 500, SPILLED = 400000, CALLS_MAX = 256, EXTRA_MAX = 128 };

static const char	begin_mark[] = "/relais-test-begin";
static const char	end_mark[] = "/relais-test-end";

/*
 * The traced process.
 */

static int
commit_one(struct spool *spool, size_t body)
{
	struct envelope		envelope = { 0 };
	struct message		message;
	struct spool_submission	submission = { .envelope = &envelope,
				    .message = &message, .next = 1000 };
	struct failure		why;
	char			id[ID_SIZE];
	bool			good;

	temp_spool_message(&message, spool, body, 7);
	envelope_set_reverse(&envelope, "a@example.org");
	envelope_add(&envelope, "b@example.org");
	access(begin_mark, F_OK);
	good = spool_commit(spool, &submission, id, &why);
	access(end_mark, F_OK);
	message_free(&message);
	envelope_free(&envelope);
	return good ? EX_OK : why.status;
}

/* Opens the only entry; one recipient is delivered, one is deferred. */
static int
work_one(struct spool *spool, bool give_up)
{
	struct outcome		outcomes[2] = {
		{ .kind = OUTCOME_DELIVERED, .text = "250 ok" },
		{ .kind = OUTCOME_DEFERRED, .text = "450 busy" },
	};
	struct spool_list	list;
	struct entry		entry;
	struct failure		why = { .status = EX_SOFTWARE };
	bool			good;

	access(begin_mark, F_OK);
	if (!spool_list(&list, spool, SPOOL_QUEUE, &why))
		return why.status;
	good = list.n == 1 && entry_open(&entry, spool, SPOOL_QUEUE,
	    list.item[0].name, ENTRY_WORK, &why) == ENTRY_OPENED;
	if (good) {
		good = entry_prove(&entry, &why) &&
		    entry_record(&entry, outcomes, &why) && (give_up ?
		    entry_fail(&entry, "over", &why) :
		    entry_defer(&entry, 5000, true, &why));
		entry_close(&entry);
	}
	access(end_mark, F_OK);
	spool_list_free(&list);
	return good ? EX_OK : why.status;
}

static int
work(const char *what, const char *directory)
{
	struct spool_options	options = { .size_max = 1 << 30 };
	struct spool		spool;
	struct failure		why;
	int			status;

	if (!spool_open(&spool, directory, &options, &why))
		return EX_USAGE;
	if (strcmp(what, "commit") == 0)
		status = commit_one(&spool, SMALL);
	else if (strcmp(what, "commit-spilled") == 0)
		status = commit_one(&spool, SPILLED);
	else
		status = work_one(&spool, strcmp(what, "fail") == 0);
	spool_close(&spool);
	return status;
}

/*
 * The tracing process.
 */

struct call {
	char	name[24];
	int	count;		/* of this name since the start */
	char	line[256];
};

struct calls {
	struct call	call[CALLS_MAX];
	size_t		n;
};

struct scenario {
	const char	*what;		/* for work() */
	/* Calls that always fail, as on some file systems. */
	const char	*calls[3];	/* part of the line of each */
	const char	*errors[3];
};

struct run {
	const char	*what;
	const char	*directory;
	char		 trace[600];
	char		*argv[32];
	int		 argc;
	char		 extra[EXTRA_MAX][80];
	int		 n_extra;
};

static void
add_option(struct run *run, const char *option)
{
	run->argv[run->argc++] = (char *)"-e";
	run->argv[run->argc++] = (char *)option;
}

/* "fsync:error=EIO:when=2" */
static void
inject(struct run *run, const char *name, const char *how, int count)
{
	char	*option = run->extra[run->n_extra++];

	snprintf(option, sizeof(run->extra[0]), "inject=%s:%s:when=%d", name,
	    how, count);
	add_option(run, option);
}

static void
begin_run(struct run *run, const char *what, const char *directory)
{
	*run = (struct run){ .what = what, .directory = directory };
	snprintf(run->trace, sizeof(run->trace), "%s.trace", directory);
	run->argv[run->argc++] = (char *)"strace";
	run->argv[run->argc++] = (char *)"-qq";
	run->argv[run->argc++] = (char *)"-o";
	run->argv[run->argc++] = run->trace;
}

/* The exit status, or -1 if it was killed. */
static int
end_run(struct run *run)
{
	char	self[4096];
	ssize_t	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int	status;
	pid_t	pid;

	self[n > 0 ? n : 0] = '\0';
	run->argv[run->argc++] = self;
	run->argv[run->argc++] = (char *)run->what;
	run->argv[run->argc++] = (char *)run->directory;
	run->argv[run->argc] = NULL;
	/* LeakSanitizer does not work under strace. */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	if ((pid = vfork()) == 0) {
		execvp("strace", run->argv);
		_exit(EX_OSERR);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		fail_msg("%s: signal %d", run->what, WTERMSIG(status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The calls between the two marks. */
static void
read_trace(const char *path, struct calls *calls)
{
	FILE		*file = fopen(path, "r");
	char		 line[1024];
	struct {
		char	name[24];
		int	count;
	}		 seen[200] = { 0 };
	size_t		 n = 0, len, i;
	bool		 inside = false;

	assert_non_null(file);
	*calls = (struct calls){ 0 };
	while (fgets(line, sizeof(line), file) != NULL) {
		len = strcspn(line, "(");
		if (line[len] != '(' || len >= sizeof(seen[0].name))
			continue;
		for (i = 0; i < n && (strncmp(seen[i].name, line, len) != 0 ||
		    seen[i].name[len] != '\0'); i++)
			;
		if (i == n) {
			assert_in_range(n, 0, 199);
			snprintf(seen[n].name, sizeof(seen[n].name), "%.*s",
			    (int)len, line);
			seen[n++].count = 0;
		}
		seen[i].count++;
		if (strstr(line, end_mark) != NULL)
			inside = false;
		if (inside && calls->n < CALLS_MAX) {
			struct call	*call = &calls->call[calls->n++];

			strlcpy(call->name, seen[i].name, sizeof(call->name));
			strlcpy(call->line, line, sizeof(call->line));
			call->count = seen[i].count;
		}
		if (strstr(line, begin_mark) != NULL)
			inside = true;
	}
	fclose(file);
}

static const struct call *
find_call(const struct calls *calls, const char *piece)
{
	for (size_t i = 0; i < calls->n; i++)
		if (strstr(calls->call[i].line, piece) != NULL)
			return &calls->call[i];
	return NULL;
}

/* Makes a spool, with an entry if the scenario needs one. */
static void
prepare(struct spool *spool, const char *what)
{
	static const char *const	two[] = {
		"b@example.org", "c@example.org", ""
	};
	char				id[ID_SIZE];
	struct failure			why;

	/* In memory: syncing hundreds of spools to a disk would be slow. */
	if (access("/dev/shm", W_OK) == 0)
		temp_spool_make_in(spool, "/dev/shm", 1 << 30);
	else
		temp_spool_make(spool, 1 << 30);
	if (strncmp(what, "commit", 6) == 0)
		assert_true(usage_reserve(spool, 1, 1, &why));
	else
		temp_spool_put(spool, id, two);
}

static void
clean(struct spool *spool)
{
	char	trace[600];

	snprintf(trace, sizeof(trace), "%s.trace", spool->directory);
	unlink(trace);
	temp_spool_remove(spool);
}

static void
inject_base(struct run *run, const struct scenario *s,
    const struct calls *plain)
{
	for (int i = 0; i < 3 && s->calls[i] != NULL; i++) {
		const struct call	*call = find_call(plain, s->calls[i]);
		size_t			 len = strcspn(s->calls[i], "(");
		char			 name[24];

		/* A call that only follows an error is found by name. */
		snprintf(name, sizeof(name), "%.*s", (int)len, s->calls[i]);
		inject(run, call != NULL ? call->name : name, s->errors[i],
		    call != NULL ? call->count : 1);
	}
}

/* Lists the calls of the scenario without an error. */
static void
learn(const struct scenario *s, const struct calls *plain,
    struct calls *calls)
{
	struct spool	spool;
	struct run	run;

	prepare(&spool, s->what);
	begin_run(&run, s->what, spool.directory);
	if (plain != NULL)
		inject_base(&run, s, plain);
	assert_int_equal(end_run(&run), EX_OK);
	read_trace(run.trace, calls);
	assert_in_range(calls->n, 5, CALLS_MAX - 1);
	clean(&spool);
}

/* Every file in the directory is a complete entry with the message. */
static void
assert_all_whole(struct spool *spool, enum spool_dir dir, size_t body)
{
	struct spool_list	list;
	struct entry		entry;
	struct message		message;
	struct failure		why = { 0 };

	temp_spool_message(&message, spool, body, 7);
	assert_true(spool_list(&list, spool, dir, &why));
	for (size_t i = 0; i < list.n; i++) {
		if (entry_open(&entry, spool, dir, list.item[i].name,
		    ENTRY_WORK, &why) != ENTRY_OPENED)
			fail_msg("%s", why.text);
		assert_true(temp_spool_same_message(&message, &entry.message));
		entry_close(&entry);
	}
	spool_list_free(&list);
	message_free(&message);
}

static bool
is_refusal(int status)
{
	return status == EX_TEMPFAIL || status == EX_CANTCREAT ||
	    status == EX_IOERR;
}

/* An acknowledged entry exists, and a refused one does not. */
static void
check_commit(struct spool *spool, int status, const char *how, size_t body)
{
	size_t	n = temp_spool_count(spool, SPOOL_QUEUE);

	if (status == EX_OK ? n != 1 : status == -1 ? n > 1 :
	    n != 0 || !is_refusal(status))
		fail_msg("%s: exit %d, %zu entries", how, status, n);
	if (status != -1 && temp_spool_count(spool, SPOOL_TMP) != 0)
		fail_msg("%s: exit %d, a file left in tmp", how, status);
	assert_all_whole(spool, SPOOL_QUEUE, body);
}

/* The entry exists once, with all outcomes that were recorded. */
static void
check_work(struct spool *spool, int status, const char *how, bool give_up)
{
	size_t			queued = temp_spool_count(spool, SPOOL_QUEUE);
	size_t			given_up = temp_spool_count(spool,
	    SPOOL_FAILED);
	enum spool_dir	dir = given_up > 0 ? SPOOL_FAILED :
				    SPOOL_QUEUE;
	struct spool_list	list;
	struct entry		entry;
	struct failure		why;

	if (queued + given_up != 1 || (!give_up && given_up > 0) ||
	    (status == EX_OK && give_up && given_up == 0) ||
	    (status > 0 && !is_refusal(status)))
		fail_msg("%s: exit %d, %zu queued, %zu failed", how, status,
		    queued, given_up);
	assert_all_whole(spool, dir, 200);
	assert_true(spool_list(&list, spool, dir, &why));
	assert_int_equal(entry_open(&entry, spool, dir, list.item[0].name,
	    ENTRY_LOOK, &why), ENTRY_OPENED);
	if (status == EX_OK) {
		assert_int_equal(entry.file.outcomes[0].kind,
		    OUTCOME_DELIVERED);
		assert_string_equal(entry.file.outcomes[1].text,
		    "450 busy");
	}
	if (status == EX_OK && !give_up) {
		assert_int_equal(entry.next, 5000);
		assert_int_equal(entry.file.attempts, 1);
	}
	assert_int_not_equal(entry.file.outcomes[1].kind,
	    OUTCOME_DELIVERED);
	entry_close(&entry);
	spool_list_free(&list);
}

static void
check(const struct scenario *s, struct spool *spool, int status,
    const char *how)
{
	if (strcmp(s->what, "commit") == 0)
		check_commit(spool, status, how, SMALL);
	else if (strcmp(s->what, "commit-spilled") == 0)
		check_commit(spool, status, how, SPILLED);
	else
		check_work(spool, status, how, strcmp(s->what, "fail") == 0);
}

/* Runs the scenario with an error of this call; returns the status. */
static int
spoil(const struct scenario *s, const struct calls *plain,
    const struct call *call, const char *how)
{
	struct spool	spool;
	struct run	run;
	char		text[400];
	int		status;

	prepare(&spool, s->what);
	begin_run(&run, s->what, spool.directory);
	if (plain != NULL)
		inject_base(&run, s, plain);
	inject(&run, call->name, how, call->count);
	status = end_run(&run);
	snprintf(text, sizeof(text), "%s: %s at %s", s->what, how, call->line);
	check(s, &spool, status, text);
	clean(&spool);
	return status;
}

/*
 * The errors of each call.  After EINTR, a call must be repeated.  With
 * AddressSanitizer, which makes a start ten times as long, only the first
 * error: the others are handled by the same statements.
 */
static const struct fault {
	const char	*name;
	const char	*errors[5];
} faults[] = {
	{ "openat",		{ "EMFILE", "EROFS", "EIO", "EINTR" } },
	{ "write",		{ "ENOSPC", "EIO", "EINTR" } },
	{ "copy_file_range",	{ "EDQUOT", "EIO", "EINTR" } },
	{ "pwrite64",		{ "ENOSPC", "EIO", "EINTR" } },
	{ "pread64",		{ "EIO", "EINTR" } },
	{ "fsync",		{ "EIO", "EINTR" } },
	{ "fdatasync",		{ "EIO", "EINTR" } },
	{ "linkat",		{ "ENOSPC", "EIO", "EINTR" } },
	{ "renameat2",		{ "ENOSPC", "EIO", "EINTR" } },
	{ "renameat",		{ "EIO" } },
	{ "close",		{ "EIO", "EINTR" } },
	{ "utimensat",		{ "EIO", "EINTR" } },
	{ "fcntl",		{ "EIO" } },
	{ "newfstatat",		{ "EIO" } },
	{ "fstat",		{ "EIO" } },
	{ "getdents64",		{ "EIO" } },
};

static const struct fault *
fault_of(const char *name)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(name, faults[i].name) == 0)
			return &faults[i];
	return NULL;
}

/* strace has one injection for each name: skip those of the scenario. */
static bool
is_in_base(const struct scenario *s, const struct calls *plain,
    const char *name)
{
	for (int i = 0; i < 3 && s->calls[i] != NULL; i++) {
		const struct call	*call = find_call(plain, s->calls[i]);

		if (strcmp(name, call != NULL ? call->name : "renameat2") == 0)
			return true;
	}
	return false;
}

static bool
strace_works(void)
{
	return system("strace -qq -o /dev/null -e inject=getppid:error=EIO "
	    "true 2>/dev/null") == 0;
}

static void
fail_each_way(const struct scenario *s, const struct calls *plain,
    const struct call *call)
{
	const struct fault	*fault = fault_of(call->name);
	char			 how[32];

	for (int i = 0; fault != NULL && fault->errors[i] != NULL &&
	    !(SKIP_SANITIZED && i > 0); i++) {
		int	status;

		snprintf(how, sizeof(how), "error=%s", fault->errors[i]);
		status = spoil(s, plain, call, how);
		if (strcmp(fault->errors[i], "EINTR") == 0 && status != EX_OK)
			fail_msg("interrupted: exit %d: %s", status,
			    call->line);
	}
}

static void
die_before(const struct scenario *s, const struct calls *plain,
    const struct call *call)
{
	if (fault_of(call->name) != NULL)
		spoil(s, plain, call, "signal=KILL");
}

/* Skips the calls of the scenario that always fail. */
static void
for_each_call(const struct scenario *s, void (*spoil_it)(
    const struct scenario *, const struct calls *, const struct call *))
{
	struct calls	plain, calls;

	if (!strace_works())
		skip_because("needs strace and the right to trace");
	learn(&(struct scenario){ .what = s->what }, NULL, &plain);
	learn(s, &plain, &calls);
	for (size_t i = 0; i < calls.n; i++)
		if (!is_in_base(s, &plain, calls.call[i].name))
			spoil_it(s, &plain, &calls.call[i]);
}

static void
every_call_fails(void **state)
{
	for_each_call(*state, fail_each_way);
}

static void
killed_before_every_call(void **state)
{
#ifdef __SANITIZE_ADDRESS__
	skip_because("a process that is killed reports no memory error");
#endif
	for_each_call(*state, die_before);
}

/* The number after "= " at the end of a line, or the first argument. */
static int
returned(const struct call *call)
{
	const char	*equals = strstr(call->line, ") = ");

	return equals != NULL ? atoi(equals + 4) : -1;
}

static int
first_argument(const struct call *call)
{
	return atoi(strchr(call->line, '(') + 1);
}

/* The file is synced before it is linked, and then the directory. */
static void
the_file_is_synced_before_it_is_linked(void **state)
{
	const struct scenario	 s = { .what = "commit" };
	const struct call	*file, *link, *end;
	struct calls		 calls;
	int			 synced_file = 0, synced_directory = 0;

	(void)state;
	if (!strace_works())
		skip_because("needs strace and the right to trace");
	learn(&s, NULL, &calls);
	file = find_call(&calls, "O_TMPFILE");
	link = find_call(&calls, "linkat(");
	end = &calls.call[calls.n];
	assert_non_null(file);
	assert_non_null(link);
	for (const struct call *c = calls.call; c < end; c++) {
		if (strcmp(c->name, "fsync") == 0 && c < link)
			synced_file += first_argument(c) == returned(file);
		/* The directory of O_TMPFILE gets the name. */
		if (strcmp(c->name, "fsync") == 0 && c > link)
			synced_directory += first_argument(c) ==
			    first_argument(file);
		if (strcmp(c->name, "write") == 0)
			assert_true(synced_file == 0);
	}
	assert_int_equal(synced_file, 1);
	assert_int_equal(synced_directory, 1);
}

#define FAILS(sentence, scenario) \
	{ "each call fails: " sentence, every_call_fails, NULL, NULL, \
	    (void *)&scenario }
#define DIES(sentence, scenario) \
	{ "killed before each call: " sentence, killed_before_every_call, \
	    NULL, NULL, (void *)&scenario }

static const struct scenario
	small = { .what = "commit" },
	large = { .what = "commit-spilled" },
	no_tmpfile = { "commit", { "O_TMPFILE" }, { "error=EOPNOTSUPP" } },
	no_proc = { "commit", { "linkat(" }, { "error=ENOENT" } },
	no_noreplace = { "commit", { "linkat(", "renameat2(" },
	    { "error=EXDEV", "error=EINVAL" } },
	no_range_copy = { "commit-spilled", { "copy_file_range(" },
	    { "error=EXDEV" } },
	delivery = { .what = "work" },
	giving_up = { .what = "fail" };

static struct CMUnitTest crash_spec[] = {
	cmocka_unit_test(the_file_is_synced_before_it_is_linked),
	FAILS("a message is committed", small),
	DIES("a message is committed", small),
	FAILS("a large message is committed", large),
	DIES("a large message is committed", large),
	FAILS("a message is committed without O_TMPFILE", no_tmpfile),
	DIES("a message is committed without O_TMPFILE", no_tmpfile),
	FAILS("a message is committed without /proc", no_proc),
	FAILS("a message is committed without RENAME_NOREPLACE", no_noreplace),
	FAILS("a large message is committed without copy_file_range",
	    no_range_copy),
	FAILS("the outcomes of an entry are recorded", delivery),
	DIES("the outcomes of an entry are recorded", delivery),
	FAILS("an entry is moved to failed/", giving_up),
	DIES("an entry is moved to failed/", giving_up),
};

int
main(int argc, char *argv[])
{
	if (argc == 3)
		return work(argv[1], argv[2]);
	return cmocka_run_group_tests(crash_spec, NULL, NULL);
}
