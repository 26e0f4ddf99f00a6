/*
 * identity.h - the names of this machine and of the calling user
 *
 * These functions do not use the DNS and do not fail: a user id without a
 * passwd entry becomes uid-N, and a host without a name becomes localhost.
 */
#ifndef CONFIG_IDENTITY_H
#define CONFIG_IDENTITY_H

#include <sys/types.h>

#include "config/config.h"

struct identity {
	char	*host;		/* owned; from gethostname(2) */
	char	*domain;	/* owned; appended to local parts: the first
				 * valid one of the key domain, /etc/mailname,
				 * the domain of the host, the domain of the
				 * key from, the host; or an address literal */
	char	*domain_origin;	/* owned; "/etc/relais.conf:7" of the key,
				 * "/etc/mailname" or "host name" */
	char	*helo;		/* owned; a domain or an address literal; NULL:
				 * use the address of the connection */
	char	*user;		/* owned; login name of the real user id */
	char	*name;		/* owned; the user's full name, or "" */
};

/* For the user of the process; $NAME, if it is set, is the full name. */
void	identity_find(struct identity *, const struct config *);

/* For any user; the full name is that of passwd(5) if it is NULL. */
void	identity_find_user(struct identity *, const struct config *, uid_t,
	    const char *name);

/* Returns the value of .helo for a message; the caller frees it. */
char	*identity_helo(const struct identity *, const struct config *,
	    const struct config_subject *);

void	identity_free(struct identity *);

#endif
