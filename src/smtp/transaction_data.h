/*
 * transaction_data.h - send the message of a transaction, by DATA or BDAT
 *
 * RFC 5321 sections 4.1.1.4 and 4.5.2, and RFC 3030 for BDAT.  The functions
 * for a transaction read the replies as well and fill in the outcomes.  They
 * return false, with why, if the connection cannot be used any more.
 */
#ifndef SMTP_TRANSACTION_DATA_H
#define SMTP_TRANSACTION_DATA_H

#include <stdbool.h>

#include "mime/wire.h"
#include "net/stream.h"
#include "smtp/transaction.h"
#include "util/failure.h"

/* Sends the message after a 354, or by BDAT, and reads the final replies. */
bool	transaction_data(struct transaction *, struct failure *why);

/*
 * BDAT in the flight of the envelope: the first function sends BDAT and the
 * message; the second reads the reply, after the replies to the envelope.
 */
bool	transaction_data_early(struct transaction *, struct failure *why);
bool	transaction_data_early_reply(struct transaction *,
	    struct failure *why);

/*
 * Sends the message with dot-stuffing (RFC 5321 section 4.5.2).  Its last
 * octets may stay in the buffer until transaction_data_end().
 */
bool	transaction_data_stuffed(struct stream *, struct wire *,
	    struct failure *why);

/* Sends the final dot, and flushes. */
bool	transaction_data_end(struct stream *, struct failure *why);

/* Sends the message unchanged, for BDAT, and flushes. */
bool	transaction_data_plain(struct stream *, struct wire *,
	    struct failure *why);

#endif
