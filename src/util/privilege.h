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

#endif
