/*
 * binary.h - encode binary parts of a message as base64
 *
 * In a part that is labelled binary (RFC 2045 section 6.2), any octet can be
 * data: a NUL, or a CR or LF that does not end a line.  Such a message is kept
 * unchanged (raw) until it is complete.  Then its binary parts are encoded, so
 * that the rest of relais handles only lines.  A text part is encoded only if
 * it contains a NUL, a CR without a LF, or both kinds of line ends.
 */
#ifndef MIME_BINARY_H
#define MIME_BINARY_H

#include <stdbool.h>

#include "mail/message.h"
#include "util/failure.h"

/*
 * Encodes the binary parts of a raw body; if the body is not raw, does nothing.
 * Call it after the whole message has been fed and before message_end().
 * Returns false with EX_DATAERR if binary data is in a part that cannot be
 * encoded, or with the errors of message_feed().
 */
bool	binary_encode(struct message *, struct failure *why);

#endif
