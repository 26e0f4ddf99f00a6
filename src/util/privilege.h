/*
 * privilege.h - privileges of a set-user-ID or set-group-ID program
 *
 * relais does not need such a mode bit, and would be insecure with one: it
 * obeys options and files of its caller.  If an administrator has set the bit,
 * main() drops the privileges.
 */
#ifndef UTIL_PRIVILEGE_H
#define UTIL_PRIVILEGE_H

#include <stdbool.h>

/*
 * Whether the program was started with more privileges than its caller has.
 * Remains true after privilege_drop(): the environment is the caller's.
 */
bool	privilege_is_raised(void);

/* Drops these privileges permanently; false with errno. */
bool	privilege_drop(void);

/*
 * The beginning of main(): opens standard descriptors that are closed, drops
 * these privileges, and then prevents core files and tracing by other processes
 * of the user, ignores SIGPIPE and SIGXFSZ (write(2) fails instead), and sets
 * the umask to 077.  Returns false if the privileges cannot be dropped.
 */
bool	privilege_begin(void);

/* No process of this user may read our memory; setresuid(2) resets this. */
void	privilege_hide_memory(void);

#endif
