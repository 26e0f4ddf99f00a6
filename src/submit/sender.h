/*
 * sender.h - apply the keys from and from_mode to the reverse-path and to the
 * fields From, Sender, Resent-From and Resent-Sender
 *
 *	always	every sender is replaced, even in a field that cannot be parsed
 *	local	senders of this machine are replaced; other fields stay
 *		unchanged, octet by octet
 *	never	only bare names change: they get our domain
 */
#ifndef SUBMIT_SENDER_H
#define SUBMIT_SENDER_H

#include <stdbool.h>

#include "config/config.h"
#include "mail/header.h"
#include "submit/local_names.h"

/* Why a sender is what it is. */
enum sender_rule {
	SENDER_UNCHANGED,	/* as it was given */
	SENDER_FROM,		/* the key from replaces it */
	SENDER_DOMAIN,		/* a local sender: it got our domain */
	SENDER_USER,		/* none was given: the user at our domain, */
	SENDER_USER_NAME,	/* or the name of the user, an address */
};

enum from_mode { FROM_LOCAL, FROM_ALWAYS, FROM_NEVER };

/* All pointers are borrowed. */
struct sender {
	const struct local_names	*local_names;
	enum from_mode			 mode;
	const char			*from;	/* or NULL */
	enum sender_rule		 path_rule;	/* of sender_path() */
	enum sender_rule		 field_rule;	/* of the last address
						 * in a sender field */
	enum sender_rule		 added_rule;	/* of
						 * sender_of_field() */
};

void	sender_begin(struct sender *, const struct config *,
	    const struct config_subject *, const struct local_names *);

/*
 * Returns the reverse-path that replaces the given one, freed by the caller.
 * "" stays "".  NULL is replaced with the key from or, if from is not set, with
 * the user's address.  On a machine that has joined a domain, the name of a user
 * can be an address.
 */
char	*sender_path(struct sender *, const char *given,
	    const char *user);

/* Rewrites the sender fields, and removes those that are empty. */
void	sender_fields(struct sender *, struct header *);

/*
 * Returns the address for a missing From field, freed by the caller: the
 * reverse-path that sender_path() returned or, for the null sender, the
 * replacement for MAILER-DAEMON.
 */
char	*sender_of_field(struct sender *, const char *reverse_path);

#endif
