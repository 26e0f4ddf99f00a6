/*
 * The whole program, and the service or its client, keep the promises of
 * support/scenario.h with resource limits, without standard descriptors, with
 * unusual masks, with signals that are blocked or ignored, and as a user
 * without an entry in passwd(5).  Only the owner can use files in the spool.
 *
 * With FAULTS=all in the environment, each value is tried; otherwise, one of
 * them in each scenario.  FAULTS_SHOWN=1 prints each run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/program.h"
#include "support/scenario.h"
#include "support/skip.h"
#include "support/user.h"
#include "util/clock.h"

#define KIB	1024L
#define MIB	(1024L * KIB)

enum { VALUES = 16, NAMELESS = 54321 };

/* The values of one constraint; each is a run. */
struct constraint {
	const char	*sentence;
	void		(*prepare)(void *value);	/* in the child; or
						 * NULL */
	uid_t		 user;		/* runs the programs, if root runs the
					 * test; 0: its user */
	long		 values[VALUES];	/* ends with 0, except the
						 * first */
	long		 busy[2];	/* from the first to the last of these,
					 * a client may wait for a minute until
					 * the service has enough */
};

static void
limit(int resource, const void *value)
{
	const long	*n = value;
	struct rlimit	 l = { (rlim_t)*n, (rlim_t)*n };

	if (setrlimit((__rlimit_resource_t)resource, &l) != 0)
		_exit(99);
}

static void
limit_descriptors(void *value)
{
	limit(RLIMIT_NOFILE, value);
}

static void
limit_memory(void *value)
{
	limit(RLIMIT_AS, value);
}

static void
limit_data(void *value)
{
	limit(RLIMIT_DATA, value);
}

static void
limit_stack(void *value)
{
	limit(RLIMIT_STACK, value);
}

static void
limit_file_size(void *value)
{
	long	size = *(long *)value - 1;

	limit(RLIMIT_FSIZE, &size);
}

static void
limit_processes(void *value)
{
	limit(RLIMIT_NPROC, value);
}

/* A bit for each of the standard descriptors. */
static void
close_descriptors(void *value)
{
	const long	*n = value;

	for (int fd = 0; fd < 3; fd++)
		if ((*n & 1L << fd) != 0)
			close(fd);
}

static void
set_umask(void *value)
{
	const long	*n = value;

	umask((mode_t)*n);
}

static void
ignore_signal(void *value)
{
	const long	*n = value;

	signal((int)*n, SIG_IGN);
}

static void
block_signals(void *value)
{
	sigset_t	all;

	(void)value;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/* The working directory is removed. */
static void
remove_directory(void *value)
{
	char	path[] = "/tmp/relais-gone.XXXXXX";

	(void)value;
	if (mkdtemp(path) == NULL || chdir(path) != 0 || rmdir(path) != 0)
		_exit(99);
}

static const struct constraint constraints[] = {
	{ .sentence = "few descriptors", .prepare = limit_descriptors,
	    .values = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 20 },
	    .busy = { 9, 12 } },
	{ .sentence = "little address space", .prepare = limit_memory,
	    .values = { 3 * MIB, 4 * MIB, 5 * MIB, 6 * MIB, 7 * MIB, 8 * MIB,
	    10 * MIB, 12 * MIB, 16 * MIB, 24 * MIB, 32 * MIB, 64 * MIB } },
	{ .sentence = "little data", .prepare = limit_data,
	    .values = { 100 * KIB, 200 * KIB, 300 * KIB, 400 * KIB, 500 * KIB,
	    700 * KIB, 1 * MIB, 2 * MIB, 4 * MIB } },
	{ .sentence = "a small stack",
	    .prepare = limit_stack, .values = { 256 * KIB, 512 * KIB } },
	{ .sentence = "a limit of file sizes",
	    .prepare = limit_file_size, .values = { 1, 2, 100, 300, 1000,
	    10000, 300000 } },
	/* The limit has no effect on root. */
	{ .sentence = "no further process", .prepare = limit_processes,
	    .user = NOBODY, .values = { 1 }, .busy = { 1, 1 } },
	{ .sentence = "a user without a name", .user = NAMELESS,
	    .values = { 1 } },
	{ .sentence = "closed descriptors",
	    .prepare = close_descriptors, .values = { 1, 2, 3, 4, 5, 6, 7 } },
	{ .sentence = "an unusual umask",
	    .prepare = set_umask, .values = { 0, 0777, 0077, 0022 } },
	{ .sentence = "an ignored signal",
	    .prepare = ignore_signal, .values = { SIGCHLD, SIGPIPE, SIGTERM,
	    SIGALRM, SIGXFSZ } },
	{ .sentence = "blocked signals",
	    .prepare = block_signals, .values = { 1 } },
	{ .sentence = "a working directory that does not exist",
	    .prepare = remove_directory, .values = { 1 } },
};

static int	open_modes;	/* files that others could use */

static int
look_at_mode(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)type, (void)ftw;
	if ((st->st_mode & 077) != 0) {
		print_error("%s: mode %o\n", path, st->st_mode & 07777);
		open_modes++;
	}
	return 0;
}

/* Whether a client of the service waits for a minute, which costs too much. */
static bool
is_too_slow(const struct scenario *s, const struct constraint *how, long value)
{
	return getenv("FAULTS") == NULL && s->service == FAULT_IN_SERVICE &&
	    how->busy[1] > 0 && value >= how->busy[0] && value <= how->busy[1];
}

static void
keeps_its_promises(void **state)
{
	const struct cases_pair		*c = *state;
	const struct scenario		*scenario = c->first;
	const struct constraint		*how = c->second;
	struct scenario_place		 p;
	bool				 all = getenv("FAULTS") != NULL;
	size_t				 broken = 0, step = 1;

	if (SKIP_SANITIZED)
		skip_because("AddressSanitizer has an allocator of its own");
	/* Without a name is the whole constraint. */
	if (how->user != ROOT && (geteuid() == ROOT || how->prepare == NULL))
		user_needs_root();
	scenario_open(&p, scenario);
	scenario_run(&p, &(struct program){ 0 });
	if (!scenario_judge(&p, &(struct scenario_excuse){ 0 }))
		fail_msg("without a constraint: %s", p.wrong.data);
	scenario_sweep(&p);
	if (how->user != ROOT && geteuid() == ROOT)
		p.user = &how->user;
	while (!all && step < VALUES && how->values[step] != 0)
		step++;
	for (size_t i = c->first_index % step; i == c->first_index % step ||
	    (i < VALUES && how->values[i] != 0); i += step) {
		long			 value = how->values[i];
		struct scenario_excuse	 excuse = { 0 };
		int64_t			 start = clock_ms();

		if (is_too_slow(scenario, how, value)) {
			scenario_close(&p);
			skip_because("a client waits a minute for the service; "
			    "make check-faults tests it");
		}
		scenario_run(&p, &(struct program){ .prepare = how->prepare,
		    .ctx = &value });
		if (p.o.status == 99) {
			scenario_close(&p);
			skip_because("the constraint cannot be set");
		}
		if (how->prepare == close_descriptors) {
			excuse.is_unheard = (value & 2) != 0;
			excuse.is_mute = (value & 4) != 0;
		}
		if (!scenario_judge(&p, &excuse)) {
			broken++;
			print_error("%ld: exit %d: %s\n%s%s\n", value,
			    p.o.status, p.wrong.data, p.o.err.data,
			    scenario->kind == SPEAKS ? p.o.out.data : "");
		}
		if (getenv("FAULTS_SHOWN") != NULL)
			print_message("%ld: exit %d after %d ms: %s%s\n",
			    value, p.o.status, (int)(clock_ms() - start),
			    p.o.err.data, p.service.err.data != NULL ?
			    p.service.err.data : "");
		nftw(p.spool, look_at_mode, 16, FTW_PHYS);
		scenario_sweep(&p);
	}
	print_message("%zu runs, %zu with status 0\n", p.runs, p.successes);
	assert_int_equal(broken, 0);
	assert_int_equal(open_modes, 0);
	scenario_close(&p);
}

int
main(int argc, char **argv)
{
	struct cases_table	first = { scenarios, sizeof(*scenarios),
				    getenv("FAULTS") != NULL ? scenarios_n :
				    scenarios_usual_n };
	struct cases_table	second = { constraints, sizeof(*constraints),
				    sizeof(constraints) /
				    sizeof(*constraints) };

	/* One case says why all are skipped. */
	if (SKIP_SANITIZED)
		first.n = second.n = 1;
	return cases_run_pairs("constraints", keeps_its_promises, &first,
	    &second, argc > 1 ? argv[1] : NULL);
}
