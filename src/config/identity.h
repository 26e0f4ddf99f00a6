/*
 * identity.h - the names of this machine and of the calling user
 *
 * No function asks the DNS, and none fails: a user id without a passwd entry
 * becomes uid-N, and a host without a name becomes localhost.
 */
#ifndef CONFIG_IDENTITY_H
#define CONFIG_IDENTITY_H

#include "config/config.h"

struct identity {
	char	*host;		/* owned; from gethostname(2) */
	char	*domain;	/* owned; for addresses without one: the first
				 * of the key domain, /etc/mailname, the domain
				 * of the host, that of the key from, the host;
				 * valid, or an address literal */
	char	*helo;		/* owned; a domain or an address literal; NULL:
				 * use the address of the connection */
	char	*user;		/* owned; login name of the real user id */
	char	*name;		/* owned; the user's full name, or "" */
};

void	identity_find(struct identity *, const struct config *);

/* The value of .helo for a message; the caller frees it. */
char	*identity_helo(const struct identity *, const struct config *,
	    const struct config_subject *);

void	identity_free(struct identity *);

#endif
