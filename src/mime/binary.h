/*
 * binary.h - binary content becomes base64 before anything else is done to it
 *
 * In a part that is labelled binary (RFC 2045 section 6.2) any octet may be
 * data: a NUL, a CR or a LF that ends no line.  Such a message is kept as it
 * came until all of it is there; then those parts are encoded as base64, and
 * what is left has lines only.  Text is encoded only if it has such octets or
 * both kinds of line ends, else its lines are lines.
 */
#ifndef MIME_BINARY_H
#define MIME_BINARY_H

#include <stdbool.h>

#include "mail/message.h"
#include "util/failure.h"

/*
 * After all of the message was fed, and before message_end(); does nothing
 * unless the body is raw.  False with EX_DATAERR if data would have to be
 * encoded where it can't be, and what message_feed() returns.
 */
bool	binary_encode(struct message *, struct failure *why);

#endif
