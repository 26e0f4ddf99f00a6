/*
 * local.h - which addresses mean this machine
 *
 * A bare name is local, and so is one at localhost, at the host's name, and
 * at the host's first label, alone or within our domain.  A name at the domain itself
 * is not: that is where the people are, with a mail server of their own.
 * Only where the domain is but the full name of a host is it this machine
 * (Debian writes that into /etc/mailname).
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
 * text was meant for something else, such as an address that is misspelt.
 */
bool	local_name_is_possible(const char *name);

#endif
