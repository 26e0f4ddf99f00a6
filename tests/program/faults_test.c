/*
 * The whole program keeps the promises of support/scenario.h if a call of libc
 * fails, a signal arrives before a call, or a clock jumps.
 *
 * With FAULTS=all in the environment, each call fails with each error, also in
 * the rare scenarios.  Otherwise, each case has one of its errors, for one call
 * of each function.  An argument selects the cases whose names contain it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/cases.h"
#include "support/fault.h"
#include "support/program.h"
#include "support/scenario.h"
#include "support/skip.h"

enum {
	DAY_S = 24 * 60 * 60,
	SAMPLE = 6,		/* calls that fail */
	PRINTED_MAX = 12,	/* broken promises of a case */
};

#define MEMORY		"malloc calloc realloc reallocarray"
#define OPENING		"open openat fopen fdopendir opendir mkostemp " \
			"memfd_create pipe2 socketpair signalfd dup2 socket accept4"
#define READING		"read pread recv recvmsg"
#define DIRECTORIES	"readdir readlink fdopendir"
#define WRITING		"write pwrite send sendmsg sendfile copy_file_range " \
			"ftruncate"
#define SYNCING		"fsync fdatasync close fclose"
#define NAMING		"linkat renameat renameat2 unlink unlinkat mkdir " \
			"mkdirat"
#define ATTRIBUTES	"fstat fstatat stat lstat access faccessat fchmod " \
			"fchown futimens utimensat fcntl lseek fstatvfs " \
			"mmap chmod chown flock posix_fallocate"
#define NETWORK		"socket connect bind setsockopt getsockopt " \
			"getsockname getpeername shutdown"
#define LOOKUP		"getaddrinfo getnameinfo"
#define ACCOUNT		"getpwuid getpwnam getgrgid getgrnam gethostname " \
			"dlopen"
#define PROCESSES	"fork execve execvp pthread_create setsid setpgid"
#define WAITING		"waitpid waitid poll sigtimedwait"
#define CONFINING	"prctl syscall"
#define CLOCK		"clock_gettime time"

#define FAILS(functions, error)	{ functions, FAULT_ERROR, error, false }
#define KEEPS_FAILING(functions, error) \
	{ functions, FAULT_ERROR, error, true }

static const struct group {
	const char	*name;
	struct fault	 faults[8];	/* ends with a zeroed one */
} groups[] = {
	{ "memory", { FAILS(MEMORY, ENOMEM), KEEPS_FAILING(MEMORY, ENOMEM) } },
	{ "descriptors", { FAILS(OPENING, EMFILE),
	    KEEPS_FAILING(OPENING, EMFILE), FAILS(OPENING, ENOMEM),
	    FAILS(OPENING, EACCES), FAILS("open openat", EINTR) } },
	{ "reads", { FAILS(READING, EIO), FAILS(READING, EINTR),
	    FAILS(READING, ENOMEM), { READING, FAULT_SHORT, 0, false },
	    { READING, FAULT_SHORT, 0, true }, FAILS(DIRECTORIES, EIO),
	    FAILS("recv", ECONNRESET) } },
	{ "writes", { FAILS(WRITING, EIO), FAILS(WRITING, EINTR),
	    FAILS(WRITING, ENOSPC), { WRITING, FAULT_SHORT, 0, false },
	    { "write pwrite send sendfile", FAULT_SHORT, 0, true },
	    FAILS("send sendmsg", EPIPE), FAILS(WRITING, EAGAIN) } },
	{ "a full disk", { KEEPS_FAILING("write pwrite ftruncate linkat mkdir "
	    "mkdirat fsync", ENOSPC) } },
	{ "syncs and closes", { FAILS(SYNCING, EIO), FAILS(SYNCING, EINTR),
	    FAILS(SYNCING, ENOSPC), KEEPS_FAILING("fsync fdatasync", EIO) } },
	{ "names of files", { FAILS(NAMING, EIO), FAILS(NAMING, EACCES),
	    FAILS(NAMING, ENOSPC), KEEPS_FAILING(NAMING, EACCES),
	    { "linkat renameat renameat2 unlinkat mkdirat", FAULT_LATE_ERROR,
	    EIO, false } } },
	{ "attributes of files", { FAILS(ATTRIBUTES, EIO),
	    FAILS(ATTRIBUTES, EACCES), FAILS(ATTRIBUTES, ENOMEM),
	    KEEPS_FAILING("futimens utimensat fchmod fchown", EPERM) } },
	{ "the network", { FAILS(NETWORK, ENOBUFS), FAILS(NETWORK, EINTR),
	    FAILS("connect", ECONNREFUSED), FAILS("connect", EAGAIN),
	    FAILS("connect", ETIMEDOUT), KEEPS_FAILING("connect",
	    ENETUNREACH), FAILS(NETWORK, EACCES) } },
	{ "names of hosts and users", { FAILS(LOOKUP, EAI_AGAIN),
	    FAILS(LOOKUP, EAI_NONAME), FAILS(LOOKUP, EAI_MEMORY),
	    FAILS(LOOKUP, EAI_SYSTEM), FAILS(ACCOUNT, 0), FAILS(ACCOUNT, EIO),
	    FAILS("res_nquery", ETIMEDOUT) } },
	{ "processes", { FAILS(PROCESSES, EAGAIN), FAILS(PROCESSES, ENOMEM),
	    FAILS(PROCESSES, EPERM), FAILS(WAITING, EINTR),
	    FAILS("poll", ENOMEM), KEEPS_FAILING("fork pthread_create",
	    EAGAIN) } },
	{ "the sandbox", { FAILS(CONFINING, ENOSYS), FAILS(CONFINING, EPERM),
	    KEEPS_FAILING(CONFINING, EINVAL) } },
	{ "signals", { { NULL, FAULT_SIGNAL, SIGTERM, false },
	    { NULL, FAULT_SIGNAL, SIGHUP, false },
	    { NULL, FAULT_SIGNAL, SIGPIPE, false },
	    { NULL, FAULT_SIGNAL, SIGWINCH, false } } },
	{ "the clock", { { CLOCK, FAULT_CLOCK, DAY_S, false },
	    { CLOCK, FAULT_CLOCK, -DAY_S, false },
	    { CLOCK, FAULT_CLOCK, 400 * DAY_S, false } } },
};

struct trial {
	struct scenario_place	place;
	struct fault_run	faults;
	size_t			broken;
};

/* Runs the scenario once, with the fault that has been prepared. */
static void
try(struct trial *t, const struct fault *fault)
{
	struct scenario_place	*p = &t->place;
	const struct fault_state	*s = t->faults.state;
	struct scenario_excuse	 excuse = { 0 };
	bool			 shown = getenv("FAULTS_SHOWN") != NULL;

	if (shown)
		print_message("call %u of process %u:\n", s->nth, s->process);
	scenario_run(p, &(struct program){
	    .env = fault_environment(&t->faults) });
	if (fault->kind == FAULT_SIGNAL)
		excuse.signal = fault->error;
	/*
	 * getgrnam(3) and getaddrinfo(3) of glibc 2.36 crash if memory runs out
	 * in them.
	 */
	else if (s->error == ENOMEM && s->function <= FAULT_OF_reallocarray &&
	    s->last_in_libc)
		excuse.signal = p->o.signal != 0 ? p->o.signal :
		    p->service.signal;
	excuse.is_mute = s->fd == STDERR_FILENO;
	excuse.may_leave = s->hits > 0 && (s->function == FAULT_OF_unlink ||
	    s->function == FAULT_OF_unlinkat ||
	    (fault->lasting && s->is_in[FAULT_OF_unlinkat]));
	excuse.clock = s->clock;
	if (!scenario_judge(p, &excuse) && t->broken++ < PRINTED_MAX)
		print_error("%s, kind %d, error %d%s: exit %d: %s\n%s%s\n",
		    fault_describe(&t->faults), fault->kind, fault->error,
		    fault->lasting ? " from then on" : "", p->o.status,
		    p->wrong.data, p->o.err.data, p->s->kind == SPEAKS ?
		    p->o.out.data : p->service.err.data != NULL ?
		    p->service.err.data : "");
	else if (shown)
		print_message("%s, error %d: exit %d: %s\n",
		    fault_describe(&t->faults), fault->error, p->o.status,
		    p->o.err.data);
	scenario_sweep(p);
}

static void
keeps_its_promises(void **state)
{
	const struct cases_pair	*c = *state;
	const struct group	*group = c->second;
	const struct fault	*faults = group->faults;
	unsigned		 number = (unsigned)(c->first_index +
				    c->second_index);
	struct trial		 t = { 0 };
	bool			 all = getenv("FAULTS") != NULL;
	size_t			 n = 0;

	if (SKIP_SANITIZED)
		skip_because("AddressSanitizer has an allocator of its own");
	scenario_open(&t.place, c->first);
	fault_open(&t.faults, &t.place.dir);
	t.place.faults = &t.faults.state->hits;
	while (faults[n].functions != NULL || faults[n].kind != FAULT_ERROR)
		n++;
	for (size_t i = all ? 0 : number % n; i < n; i += all ? 1 : n) {
		fault_begin(&t.faults, &faults[i]);
		try(&t, &faults[i]);
		fault_choose(&t.faults, all ? 0 : SAMPLE, number);
		while (fault_next(&t.faults))
			try(&t, &faults[i]);
	}
	print_message("%zu runs, %zu with status 0\n", t.place.runs,
	    t.place.successes);
	if (t.broken > 0)
		fail_msg("%zu of %zu runs broke a promise", t.broken,
		    t.place.runs);
	fault_close(&t.faults);
	scenario_close(&t.place);
}

int
main(int argc, char **argv)
{
	struct cases_table	first = { scenarios, sizeof(*scenarios),
				    getenv("FAULTS") != NULL ? scenarios_n :
				    scenarios_usual_n };
	struct cases_table	second = { groups, sizeof(*groups),
				    sizeof(groups) / sizeof(*groups) };

	/* One case says why all are skipped. */
	if (SKIP_SANITIZED)
		first.n = second.n = 1;
	return cases_run_pairs("faults", keeps_its_promises, &first, &second,
	    argc > 1 ? argv[1] : NULL);
}
