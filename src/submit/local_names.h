/*
 * local_names.h - where the configuration sends mail to local names
 *
 * Through the aliases file, and to `root` from there, or without that to the
 * same name at `domain`, if the configuration sets it.  The file is read when
 * the first local name is asked for, so mail to others never pays for it.
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
	int			 status;	/* not 0: reading it failed */
	struct failure		 why;
};

/* The identity is borrowed, too. */
void	local_names_begin(struct local_names *, const struct config *,
	    const struct identity *);

bool	local_names_is_local(const struct local_names *, const struct address *);

/*
 * Appends the addresses that mail to a local name goes to; the name's domain
 * does not matter.  EX_NOUSER, saying which key to set, where it goes
 * nowhere; EX_CONFIG or EX_NOPERM for a file that is not right.
 */
bool	local_names_resolve(struct local_names *, const char *name,
	    struct address_list *, struct failure *why);

/*
 * Appends the address as it may be shown to others.  A bare name, and one at
 * a host that nobody else knows, get our domain.
 */
void	local_names_write(const struct local_names *, const struct address *,
	    struct buffer *);

void	local_names_end(struct local_names *);

#endif
