/*
 * identity.h - who this machine and its user are, to the outside
 *
 * Nothing here asks the DNS, and nothing fails: a user id without a passwd
 * entry is uid-N, a host without a full name makes do with what there is.
 */
#ifndef CONFIG_IDENTITY_H
#define CONFIG_IDENTITY_H

#include "config/config.h"

struct identity {
	char	*host;		/* owned; the host's name as it is set */
	char	*domain;	/* owned; for bare names: domain, /etc/mailname,
				 * the host's domain, that of from, the host;
				 * valid, or an address literal */
	char	*helo;		/* owned; a domain or an address literal;
				 * NULL: use the connection's */
	char	*user;		/* owned; login name of the real user id */
	char	*name;		/* owned; the user's full name, or "" */
};

void	identity_find(struct identity *, const struct config *);

/*
 * What .helo is for a message that sections of the configuration may apply
 * to.  Owned by the caller.
 */
char	*identity_helo(const struct identity *, const struct config *,
	    const struct config_subject *);

void	identity_free(struct identity *);

#endif
