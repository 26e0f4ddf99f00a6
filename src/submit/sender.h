/*
 * sender.h - apply the keys from and from_mode
 *
 * To the reverse-path and to From, Sender, Resent-From and Resent-Sender.
 *
 *	always	every sender is replaced, whatever the caller gives and even
 *		if a field cannot be parsed
 *	local	senders of this machine are replaced; others stay unchanged,
 *		octet by octet
 *	never	only bare names change: they get our domain
 */
#ifndef SUBMIT_SENDER_H
#define SUBMIT_SENDER_H

#include <stdbool.h>

#include "config/config.h"
#include "mail/header.h"
#include "submit/local_names.h"

enum from_mode { FROM_LOCAL, FROM_ALWAYS, FROM_NEVER };

/* All pointers are borrowed. */
struct sender {
	const struct local_names	*local_names;
	enum from_mode			 mode;
	const char			*from;	/* or NULL */
};

void	sender_begin(struct sender *, const struct config *,
	    const struct config_subject *, const struct local_names *);

/*
 * Returns the reverse-path for the given one, freed by the caller.  "" stays
 * "".  NULL stands for from or, without it, for the user.
 */
char	*sender_path(const struct sender *, const char *given,
	    const char *user);

/* Rewrites the sender fields, and removes those without an address. */
void	sender_fields(struct sender *, struct header *);

/*
 * Returns the address for a From field that is missing, freed by the caller:
 * the reverse-path that sender_path() returned or, for the null sender, what
 * replaces MAILER-DAEMON.
 */
char	*sender_of_field(const struct sender *, const char *reverse_path);

#endif
