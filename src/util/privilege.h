/*
 * privilege.h - rights that a process has beyond its caller's
 *
 * relais needs no set-user-ID or set-group-ID bit, and nothing in it is
 * written to bear one: options and files of the caller's would be obeyed with
 * rights that he has not.  Who sets one all the same gives nothing away.
 */
#ifndef UTIL_PRIVILEGE_H
#define UTIL_PRIVILEGE_H

#include <stdbool.h>

/*
 * True where the program file gave us more rights than our caller has, also
 * after they were dropped: the environment is his.
 */
bool	privilege_is_raised(void);

/* For good; false, with errno, if it can't be done. */
bool	privilege_drop(void);

#endif
