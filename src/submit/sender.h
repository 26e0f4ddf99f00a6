/*
 * sender.h - the sender that the provider lets us use, and no other
 *
 * from and from_mode on the reverse-path, and on From, Sender and their
 * Resent- forms.  With `always` no sender but from gets past here, whatever
 * the caller says and however the fields are written; with `local` those of
 * other machines stay to the octet; with `never` all do, but bare names,
 * which need a domain to be an address at all.
 */
#ifndef SUBMIT_SENDER_H
#define SUBMIT_SENDER_H

#include <stdbool.h>

#include "config/config.h"
#include "mail/header.h"
#include "submit/local_names.h"

enum from_mode { FROM_LOCAL, FROM_ALWAYS, FROM_NEVER };

struct sender {
	const struct local_names	*local_names;	/* borrowed */
	enum from_mode		 mode;
	const char		*from;		/* borrowed; NULL: none is set */
};

void	sender_begin(struct sender *, const struct config *,
	    const struct config_subject *, const struct local_names *);

/*
 * The reverse-path for the one that was said; NULL: none was, and the user
 * is the sender.  "" stays.  The caller frees.
 */
char	*sender_path(const struct sender *, const char *said,
	    const char *user);

/* The fields that name a sender; those that name nobody go. */
void	sender_fields(struct sender *, struct header *);

/*
 * The address for a From that is missing: from, else the path it is given,
 * else (for the null path) MAILER-DAEMON.  The caller frees.
 */
char	*sender_of_field(const struct sender *, const char *reverse_path);

#endif
