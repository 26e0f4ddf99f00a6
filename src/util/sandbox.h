/*
 * sandbox.h - give up privileges that an SMTP client does not need
 *
 * After sandbox_enter() this process cannot start a program or a process,
 * signal, trace or limit another process, gain a privilege, listen, open a raw
 * socket, or create, change or remove a file outside the given directory.  In
 * this directory, only regular files can be created, changed and removed.  Root
 * keeps only the capabilities that override file permissions.
 *
 * Open descriptors stay open.  Reading files, connecting and resolving names
 * are not restricted, so NSS modules, certificates, tls.so and the log remain
 * available.  A forbidden call fails with EPERM or EACCES; a system call that
 * is newer than Linux 5.0 fails with ENOSYS, as on such a kernel.
 *
 * Linux only: no_new_privs, capabilities, a seccomp filter (on x86-64, AArch64
 * and 64-bit RISC-V) and Landlock (since Linux 5.19).  Features that the kernel
 * lacks are omitted without an error.  Without Landlock, the file system is
 * protected only by the permissions of its files.
 */
#ifndef UTIL_SANDBOX_H
#define UTIL_SANDBOX_H

#include <sys/types.h>

struct sandbox {
	int	directory;	/* the writable one, borrowed; -1: none */
	uid_t	owner;		/* fchown() can set only this owner */
	gid_t	group;		/* and this group */
};

void	sandbox_enter(const struct sandbox *);

#endif
