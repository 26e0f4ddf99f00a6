/*
 * sandbox.h - give up privileges that an SMTP client does not need
 *
 * After sandbox_enter() this process cannot start a program or a process,
 * signal, trace or limit another process, gain a privilege, listen, open a raw
 * socket, connect to TCP ports other than those given, or create, change or
 * remove a file outside the given directory.  In this directory, only regular
 * files can be created, changed and removed.  Root keeps only the capabilities
 * that override file permissions.
 *
 * Open descriptors stay open.  Reading files, Unix sockets with a path, and
 * resolving names are not restricted, so NSS modules, certificates, tls.so and
 * the log remain available.  A forbidden call fails with EPERM or EACCES; a
 * system call that is newer than Linux 5.0 fails with ENOSYS, as on such a
 * kernel.
 *
 * Linux only: no_new_privs, capabilities, a seccomp filter (on x86-64, AArch64
 * and 64-bit RISC-V) and Landlock (since Linux 5.19; for TCP ports, since 6.7).
 * Features that the kernel lacks are omitted without an error.  Without
 * Landlock, the file system is protected only by the permissions of its files.
 */
#ifndef UTIL_SANDBOX_H
#define UTIL_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SANDBOX_PORTS = 16 };

struct sandbox {
	int	directory;	/* the writable one, borrowed; -1: none */
	uid_t	owner;		/* fchown() can set only this owner */
	gid_t	group;		/* and this group */

	/* TCP ports to which it can connect, besides that of DNS. */
	uint16_t port[SANDBOX_PORTS];
	size_t	n_ports;
	bool	any_port;	/* all others, too */
};

void	sandbox_enter(const struct sandbox *);

/* The protections that are in effect on this machine. */
struct sandbox_state {
	bool	no_new_privs;
	bool	filter;
	int	landlock;	/* the version of its interface that is used:
				 * 2, 3 (truncation), 4 (TCP ports) or 6
				 * (signals, abstract sockets); or 0 */
};

/*
 * Enters a sandbox in a child process, and reports its protections.  Returns
 * false, with errno, if the child process cannot be started.
 */
bool	sandbox_try(struct sandbox_state *);

#endif
