/*
 * local.h - addresses at this machine
 *
 * An address is local if it has no domain, or if its domain is localhost, the
 * name of the host, or the first label of that name, alone or within our
 * domain.  An address at our domain itself is not local, because that domain
 * has its own mail server, unless our domain is the full name of the host
 * (Debian writes that name to /etc/mailname).
 */
#ifndef MAIL_LOCAL_H
#define MAIL_LOCAL_H

#include <stdbool.h>

#include "mail/address.h"

struct local_host {
	const char	*host;		/* borrowed: "web1", "web1.example.org" */
	const char	*domain;	/* borrowed: "example.org" */
};

bool	address_is_local(const struct address *, const struct local_host *);

/*
 * Whether an account can have that name: it consists of letters and digits of
 * ASCII, dots, underscores and hyphens (POSIX.1-2017, 3.437), plus signs as
 * in kim+list, and dollar signs, and does not begin with a hyphen.  Any other
 * text is probably something else, such as a misspelt address.
 */
bool	local_name_is_possible(const char *name);

#endif
