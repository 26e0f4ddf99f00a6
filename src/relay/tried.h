/*
 * tried.h - the smarthosts that were tried for a message
 *
 * A struct tried is passed between processes, so it owns nothing.
 */
#ifndef RELAY_TRIED_H
#define RELAY_TRIED_H

#include <stddef.h>
#include <stdint.h>

/* If there are more, the others are not known. */
enum { TRIED_MAX = 4 };

enum tried_login {
	TRIED_LOGIN_NONE,	/* not attempted, or without a result */
	TRIED_LOGIN_ACCEPTED,
	TRIED_LOGIN_REFUSED,
};

struct tried_smarthost {
	char			url[280];	/* as in struct relay_login */
	char			user[160];	/* or "" */
	enum tried_login	login;
	int64_t			certificate_expiry;	/* in seconds since the
							 * epoch; 0: unknown */
};

struct tried {
	size_t			n;
	struct tried_smarthost	smarthost[TRIED_MAX];
};

/*
 * Adds a login, or finds the one that was added.  user may be NULL.  Returns
 * its index plus 1, or 0 if there are too many.
 */
size_t	tried_add(struct tried *, const char *url, const char *user);

/* Makes a struct valid that an untrusted process has sent. */
void	tried_check(struct tried *);

#endif
