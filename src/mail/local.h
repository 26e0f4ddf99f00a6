/*
 * local.h - recognize local addresses
 *
 * An address is local if its domain is missing or is localhost, the host name,
 * or the first label of the host name, alone or in our domain.  An address in
 * the domain itself is not local, because its mailboxes are on a mail server,
 * unless the domain is the full host name of this machine, which Debian writes
 * to /etc/mailname.
 */
#ifndef MAIL_LOCAL_H
#define MAIL_LOCAL_H

#include <stdbool.h>

#include "mail/address.h"

struct local_host {
	const char	*host;		/* borrowed; "web1" or full name */
	const char	*domain;	/* borrowed; "example.org" */
};

bool	address_is_local(const struct address *, const struct local_host *);

/* Whether an address with this domain, "" if it is missing, is local. */
bool	domain_is_local(const char *domain, const struct local_host *);

/*
 * Whether an account can have that name: ASCII letters and digits, dots,
 * underscores and hyphens (POSIX.1-2017, 3.437), plus signs (kim+list) and
 * dollar signs, but not a hyphen at the beginning.  Any other text is probably
 * a misspelt address.
 */
bool	local_name_is_possible(const char *name);

#endif
