/*
 * serve_user.h - the user that the service runs as
 */
#ifndef SERVE_USER_H
#define SERVE_USER_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/failure.h"

struct serve_user {
	const char	*name;	/* "relais", or NULL */
	uid_t		 uid;
	gid_t		 gid;
	bool		 change;	/* the process must become it */
};

/*
 * If the process belongs to root, finds the user relais.  A process of another
 * user stays with it, and so does root if the user relais does not exist: .name
 * is then NULL.  Returns false, with EX_OSERR, if the users cannot be read.
 */
bool	serve_user_find(struct serve_user *, struct failure *why);

/*
 * Creates the directory if it does not exist, and gives it to the user.  Its
 * parent must exist.
 */
bool	serve_user_directory(const struct serve_user *, const char *path,
	    mode_t, struct failure *why);

/*
 * Changes permanently to the user and its groups.  Returns false with EX_OSERR.
 */
bool	serve_user_become(const struct serve_user *, struct failure *why);

#endif
