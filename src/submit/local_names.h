/*
 * local_names.h - resolve local names with aliases, root and domain
 *
 * Mail to a local name goes to the target of its alias.  If the name has no
 * alias, the mail goes to the address in the key root, or to the same name at
 * example.org if that is *@example.org; if root is not set, to the same name at
 * the key domain.  The aliases file is read when the first local name is
 * resolved, so that a message without local names is not slowed down.
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
	int			 status;	/* EX_OK, or that of why */
	struct failure		 why;		/* the aliases file cannot be
						 * read */
};

/* The configuration and the identity are borrowed. */
void	local_names_begin(struct local_names *, const struct config *,
	    const struct identity *);

/* Whether the address belongs to this machine (mail/local.h). */
bool	local_names_is_local(const struct local_names *,
	    const struct address *);

/*
 * Appends the addresses of a local name, which is given without its domain.
 * Returns false, with why, if the name cannot be resolved: EX_NOUSER if it has
 * no address, and the text names the key to set; EX_CONFIG or EX_NOPERM if the
 * aliases file is invalid or cannot be read.
 */
bool	local_names_resolve(struct local_names *, const char *name,
	    struct address_list *, struct failure *why);

/*
 * Appends the address in a form that is valid on other machines: bare names
 * and names at localhost or at a host without a domain get our domain.
 */
void	local_names_write(const struct local_names *, const struct address *,
	    struct buffer *);

void	local_names_end(struct local_names *);

#endif
