/*
 * recipients.h - forward-paths from header fields
 */
#ifndef MAIL_RECIPIENTS_H
#define MAIL_RECIPIENTS_H

#include <stdbool.h>

#include "mail/address.h"
#include "mail/header.h"
#include "util/failure.h"

/*
 * Appends what -t asks for: the addresses in To, Cc, Bcc and Apparently-To,
 * or, where there is a Resent-To, Resent-Cc or Resent-Bcc, those in these
 * three and no others.  EX_DATAERR names the field at fault.
 */
bool	recipients_from_header(struct address_list *, const struct header *,
	    struct failure *why);

#endif
