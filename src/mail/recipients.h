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
	char	*path;		/* owned; the path in the envelope: a quoted
				 * local part with the element, truncated */
	char	*reason;	/* owned; "field To: invalid address ..." */
};

struct recipients {
	struct address_list	 good;
	struct bad_recipient	*bad;	/* owned */
	size_t			 n_bad;
	size_t			 cap;
};

/*
 * Appends the recipients of -t: the addresses in Resent-To, Resent-Cc and
 * Resent-Bcc if one of these fields exists, or else those in To, Cc, Bcc and
 * Apparently-To.  Returns false with EX_DATAERR if a field cannot be parsed.
 */
bool	recipients_from_header(struct recipients *, const struct header *,
	    struct failure *why);

void	recipients_free(struct recipients *);

#endif
