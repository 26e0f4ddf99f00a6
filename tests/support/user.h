/*
 * user.h - run programs as other users
 */
#ifndef SUPPORT_USER_H
#define SUPPORT_USER_H

#include <sys/types.h>

enum { ROOT = 0, WWW_DATA = 33, NOBODY = 65534 };

/*
 * Skips the test unless this process can become another user, who can run the
 * programs in BUILD.
 */
void	user_needs_root(void);

/*
 * For .prepare of a program: becomes the user whose ID, a uid_t, is the
 * context, without other groups and without a way to gain privileges.
 */
void	user_become(void *uid);

#endif
