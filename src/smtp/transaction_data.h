/*
 * transaction_data.h - send the message of a transaction by DATA (RFC 5321
 * sections 4.1.1.4 and 4.5.2) or BDAT (RFC 3030)
 *
 * The functions for a transaction also read the replies and fill in the
 * outcomes.  They return false, with why, if the session is broken.
 */
#ifndef SMTP_TRANSACTION_DATA_H
#define SMTP_TRANSACTION_DATA_H

#include <stdbool.h>

#include "mime/wire.h"
#include "net/stream.h"
#include "smtp/transaction.h"
#include "util/failure.h"

/* Sends the message after 354, or by BDAT, and reads the final replies. */
bool	transaction_data(struct transaction *, struct failure *why);

/*
 * For BDAT in the flight of the envelope: the first function sends BDAT and the
 * message; the second one reads the reply, after the replies to the envelope.
 */
bool	transaction_data_early(struct transaction *, struct failure *why);
bool	transaction_data_early_reply(struct transaction *,
	    struct failure *why);

/*
 * Sends the message with dot-stuffing (RFC 5321 section 4.5.2).  The last
 * octets may stay in the output buffer until transaction_data_end().
 */
bool	transaction_data_stuffed(struct stream *, struct wire *,
	    struct failure *why);

/* Sends the final dot, and flushes. */
bool	transaction_data_end(struct stream *, struct failure *why);

/* Sends the message unchanged, for BDAT, and flushes. */
bool	transaction_data_plain(struct stream *, struct wire *,
	    struct failure *why);

#endif
