/*
 * local_names.h - resolve local names: aliases, root and domain
 *
 * Mail to a local name goes to its alias; without one, to the key root;
 * without root, to the same name at the key domain.  The aliases file is read
 * when the first local name is resolved, so that other mail does not pay for
 * it.
 */
#ifndef SUBMIT_LOCAL_NAMES_H
#define SUBMIT_LOCAL_NAMES_H

#include <stdbool.h>

#include "config/config.h"
#include "config/identity.h"
#include "mail/address.h"
#include "mail/aliases.h"
#include "mail/local.h"
#include "util/buffer.h"
#include "util/failure.h"

struct local_names {
	const struct config	*config;	/* borrowed */
	struct alias_rules	 rules;
	struct aliases		 aliases;
	bool			 is_read;
	int			 status;	/* not EX_OK: reading failed, */
	struct failure		 why;		/* for this reason */
};

/* The identity is borrowed as well. */
void	local_names_begin(struct local_names *, const struct config *,
	    const struct identity *);

/* Whether the address is of this machine (mail/local.h). */
bool	local_names_is_local(const struct local_names *,
	    const struct address *);

/*
 * Appends the addresses for a local name; the domain that it was given with
 * does not matter.  Returns false, with why: EX_NOUSER if the name cannot be
 * resolved, with the key to set; EX_CONFIG or EX_NOPERM if the aliases file is
 * invalid or cannot be read.
 */
bool	local_names_resolve(struct local_names *, const char *name,
	    struct address_list *, struct failure *why);

/*
 * Appends the address in the form that is valid on other machines: bare names
 * and names at localhost or at a host without a domain get our domain.
 */
void	local_names_write(const struct local_names *, const struct address *,
	    struct buffer *);

void	local_names_end(struct local_names *);

#endif
