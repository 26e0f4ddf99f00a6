/*
 * The whole program keeps the promises of support/scenario.h with resource
 * limits, without standard descriptors, with unusual masks and with signals
 * that are blocked or ignored.  Only the owner can use files in the spool.
 *
 * With FAULTS=all in the environment, each value is tried; otherwise, one of
 * them in each scenario.
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

#define KIB	1024L
#define MIB	(1024L * KIB)

enum { VALUES = 16 };

struct setting {
	struct scenario_place	*place;
	long			 value;
};

/* The values of one constraint; each is a run. */
struct constraint {
	const char	*sentence;
	void		(*prepare)(void *setting);	/* in the child */
	bool		is_scarce;	/* the service may not have enough */
	long		 values[VALUES];	/* ends with 0, except the
						 * first */
};

static void
limit(int resource, const struct setting *s)
{
	struct rlimit	l = { (rlim_t)s->value, (rlim_t)s->value };

	if (setrlimit((__rlimit_resource_t)resource, &l) != 0)
		_exit(99);
}

static void
limit_descriptors(void *setting)
{
	limit(RLIMIT_NOFILE, setting);
}

static void
limit_memory(void *setting)
{
	limit(RLIMIT_AS, setting);
}

static void
limit_data(void *setting)
{
	limit(RLIMIT_DATA, setting);
}

static void
limit_stack(void *setting)
{
	limit(RLIMIT_STACK, setting);
}

static void
limit_file_size(void *setting)
{
	struct setting	size = *(struct setting *)setting;

	size.value--;
	limit(RLIMIT_FSIZE, &size);
}

static int
give_to_nobody(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return lchown(path, NOBODY, NOBODY);
}

/* The limit has no effect on root: nobody gets all files, and runs. */
static void
limit_processes(void *setting)
{
	const struct setting	*s = setting;
	uid_t			 nobody = NOBODY;

	if (geteuid() == 0) {
		nftw(s->place->dir.path, give_to_nobody, 16, FTW_PHYS);
		nftw(s->place->memory.path, give_to_nobody, 16, FTW_PHYS);
		user_become(&nobody);
	}
	limit(RLIMIT_NPROC, s);
}

/* A bit for each of the standard descriptors. */
static void
close_descriptors(void *setting)
{
	const struct setting	*s = setting;

	for (int fd = 0; fd < 3; fd++)
		if ((s->value & 1L << fd) != 0)
			close(fd);
}

static void
set_umask(void *setting)
{
	const struct setting	*s = setting;

	umask((mode_t)s->value);
}

static void
ignore_signal(void *setting)
{
	const struct setting	*s = setting;

	signal((int)s->value, SIG_IGN);
}

static void
block_signals(void *setting)
{
	sigset_t	all;

	(void)setting;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/* The working directory is removed. */
static void
remove_directory(void *setting)
{
	char	path[] = "/tmp/relais-gone.XXXXXX";

	(void)setting;
	if (mkdtemp(path) == NULL || chdir(path) != 0 || rmdir(path) != 0)
		_exit(99);
}

static const struct constraint constraints[] = {
	{ .sentence = "few descriptors",
	    .prepare = limit_descriptors, .is_scarce = true,
	    .values = { 3, 4, 5, 6, 7, 8, 9, 10,
	    11, 12, 13, 14, 16, 20 } },
	{ .sentence = "little address space",
	    .prepare = limit_memory, .is_scarce = true,
	    .values = { 3 * MIB, 4 * MIB,
	    5 * MIB, 6 * MIB, 7 * MIB, 8 * MIB, 10 * MIB, 12 * MIB,
	    16 * MIB, 24 * MIB, 32 * MIB, 64 * MIB } },
	{ .sentence = "little data",
	    .prepare = limit_data, .is_scarce = true,
	    .values = { 100 * KIB, 200 * KIB, 300 * KIB,
	    400 * KIB, 500 * KIB, 700 * KIB, 1 * MIB, 2 * MIB, 4 * MIB } },
	{ .sentence = "a small stack",
	    .prepare = limit_stack, .values = { 256 * KIB, 512 * KIB } },
	{ .sentence = "a limit of file sizes",
	    .prepare = limit_file_size, .values = { 1, 2, 100, 300, 1000,
	    10000, 300000 } },
	{ .sentence = "no further process",
	    .prepare = limit_processes, .is_scarce = true,
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
	if (!all && scenario->service == FAULT_IN_SERVICE && how->is_scarce)
		skip_because("a client waits a minute for the service; make "
		    "check-faults tests it");
	scenario_open(&p, scenario);
	scenario_run(&p, &(struct program){ 0 });
	if (!scenario_judge(&p, &(struct scenario_excuse){ 0 }))
		fail_msg("without a constraint: %s", p.wrong.data);
	scenario_sweep(&p);
	while (!all && step < VALUES && how->values[step] != 0)
		step++;
	for (size_t i = c->first_index % step; i == c->first_index % step ||
	    (i < VALUES && how->values[i] != 0); i += step) {
		struct setting		 s = { &p, how->values[i] };
		struct scenario_excuse	 excuse = { 0 };

		scenario_run(&p, &(struct program){ .prepare = how->prepare,
		    .ctx = &s });
		if (p.o.status == 99)
			skip_because("the constraint cannot be set");
		if (how->prepare == close_descriptors) {
			excuse.is_unheard = (s.value & 2) != 0;
			excuse.is_mute = (s.value & 4) != 0;
		}
		if (!scenario_judge(&p, &excuse)) {
			broken++;
			print_error("%ld: exit %d: %s\n%s%s\n", s.value,
			    p.o.status, p.wrong.data, p.o.err.data,
			    scenario->kind == SPEAKS ? p.o.out.data : "");
		}
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
				    scenarios_n };
	struct cases_table	second = { constraints, sizeof(*constraints),
				    sizeof(constraints) /
				    sizeof(*constraints) };

	/* One case says why all are skipped. */
	if (SKIP_SANITIZED)
		first.n = second.n = 1;
	return cases_run_pairs("constraints", keeps_its_promises, &first,
	    &second, argc > 1 ? argv[1] : NULL);
}
