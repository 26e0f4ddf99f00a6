/*
 * An attacker in the program: this object is loaded before libc (LD_PRELOAD).
 * It is called when the program connects to the smarthost, before a server can
 * send anything, and attempts the attacks below.  In a process that does not
 * connect to a smarthost, it is called when a message is queued (linkat).
 *
 * If ATTACK_SHARED is set, it corrupts shared memory instead.  If
 * ATTACK_ANY_PORT is set, the program may connect to each TCP port.
 *
 * The result of each attack is written to the file that the environment names,
 * which is opened when the program starts. Attacks that depend on the kernel
 * version are omitted.
 */
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/attack.h"

static struct attack_place	place;
static int			report = -1;
static long			landlock;

/* The kernel must report this state of the process. */
static enum attack_result
gain_a_privilege(const struct attack_place *p)
{
	(void)p;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? ATTACK_DENIED :
	    ATTACK_DONE;
}

static enum attack_result
call_anything(const struct attack_place *p)
{
	(void)p;
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == SECCOMP_MODE_FILTER ?
	    ATTACK_DENIED : ATTACK_DONE;
}

static const struct {
	const char	*name;
	attack_fn	*attempt;
	int		 landlock;	/* the version that it takes */
} attacks[] = {
	{ "gain a privilege", gain_a_privilege, 0 },
	{ "call each system call", call_anything, 0 },
	{ "start a program", attack_program, 0 },
	{ "start a process", attack_process, 0 },
	{ "start a process in a namespace", attack_namespace, 0 },
	{ "create a namespace", attack_new_namespace, 0 },
	{ "signal another process", attack_signal, 0 },
	{ "limit another process", attack_limit, 0 },
	{ "trace another process", attack_trace, 0 },
	{ "read the memory of another process", attack_read_memory, 2 },
	{ "write a core file", attack_core, 0 },
	{ "create a file", attack_create, 2 },
	{ "write to a file", attack_write, 2 },
	{ "truncate a file", attack_truncate, 0 },
	{ "truncate a file by opening it", attack_truncate_on_open, 0 },
	{ "change the mode of a file", attack_mode, 0 },
	{ "remove a file", attack_remove, 2 },
	{ "read /etc/shadow", attack_passwords, 0 },
	{ "create a FIFO in the spool", attack_fifo, 0 },
	{ "create a device in the spool", attack_device, 0 },
	{ "create a directory in the spool", attack_directory, 0 },
	{ "create a symbolic link in the spool", attack_symlink, 0 },
	{ "listen", attack_listen, 0 },
	{ "open a raw socket", attack_raw_socket, 0 },
	{ "open a packet socket", attack_packet_socket, 0 },
	{ "connect to another server", attack_connect, 4 },
	{ "connect to another server with TCP Fast Open", attack_fast_open,
	  0 },
	{ "open a socket for multipath TCP", attack_multipath, 0 },
	{ "insert input into a terminal", attack_terminal, 0 },
};

__attribute__((constructor)) static void
begin(void)
{
	const char	*path = getenv("ATTACK_REPORT");
	const char	*victim = getenv("ATTACK_VICTIM");
	const char	*port = getenv("ATTACK_PORT");

	place.inside = getenv("ATTACK_INSIDE");
	place.outside = getenv("ATTACK_OUTSIDE");
	if (path == NULL || victim == NULL || port == NULL ||
	    place.inside == NULL || place.outside == NULL)
		return;
	place.victim = atoi(victim);
	place.port = atoi(port);
	landlock = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	report = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dprintf(report, "begin\n");
}

static void
attack(const char *call)
{
	bool	is_any_port = getenv("ATTACK_ANY_PORT") != NULL;

	for (size_t i = 0; i < sizeof(attacks) / sizeof(*attacks); i++) {
		enum attack_result	result;

		if (attacks[i].landlock > landlock || (is_any_port &&
		    (attacks[i].attempt == attack_connect ||
		    attacks[i].attempt == attack_multipath)))
			continue;
		result = attacks[i].attempt(&place);
		if (result != ATTACK_DENIED)
			dprintf(report, "it can %s (%d)\n", attacks[i].name,
			    result);
	}
	dprintf(report, "end in %s\n", call);
	close(report);
	report = -1;
}

/*
 * Overwrites all memory that is shared with other processes, and ends.  A file
 * with a name is not such memory: the counters of `make coverage` are in one.
 */
static void
spoil(void)
{
	FILE	*f = fopen("/proc/self/maps", "re");
	char	 line[600], access[5];
	size_t	 from, to;

	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%zx-%zx %4s", &from, &to, access) == 3 &&
		    strcmp(access, "rw-s") == 0 &&
		    strstr(line, " (deleted)") != NULL)
			memset((void *)from, 1, to - from);
	dprintf(report, "end in connect\n");
	_exit(1);
}

/* Replaces the function of libc, whose declaration is not ISO C. */
int	attack_and_connect(int, const struct sockaddr *, socklen_t)
	    __asm__ ("connect");

int
attack_and_connect(int fd, const struct sockaddr *a, socklen_t len)
{
	/* A Unix socket is not the smarthost. */
	bool	is_smarthost = report != -1 && a->sa_family != AF_UNIX;

	if (is_smarthost && getenv("ATTACK_SHARED") != NULL)
		spoil();
	if (is_smarthost)
		attack("connect");
	return (int)syscall(SYS_connect, fd, a, len);
}

int	attack_and_link(int, const char *, int, const char *, int)
	    __asm__ ("linkat");

int
attack_and_link(int from, const char *old, int to, const char *new, int flags)
{
	if (report != -1 && prctl(PR_GET_SECCOMP, 0, 0, 0, 0) ==
	    SECCOMP_MODE_FILTER)
		attack("linkat");
	return (int)syscall(SYS_linkat, from, old, to, new, flags);
}
