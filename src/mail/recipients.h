/*
 * recipients.h - forward-paths from header fields
 */
#ifndef MAIL_RECIPIENTS_H
#define MAIL_RECIPIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/address.h"
#include "mail/header.h"
#include "util/failure.h"

/* An element of a field that is not an address. */
struct bad_recipient {
	char	*path;		/* owned; stands for it in an envelope: a
				 * quoted local part that shows it, cut */
	char	*reason;	/* owned; "field To: bad address ..." */
};

struct recipients {
	struct address_list	 good;
	struct bad_recipient	*bad;	/* owned */
	size_t			 n_bad;
	size_t			 cap;
};

/*
 * Appends what -t asks for: the addresses in To, Cc, Bcc and Apparently-To,
 * or, where there is a Resent-To, Resent-Cc or Resent-Bcc, those in these
 * three and no others.  EX_DATAERR names a field that can't be read at all.
 */
bool	recipients_from_header(struct recipients *, const struct header *,
	    struct failure *why);

void	recipients_free(struct recipients *);

#endif
