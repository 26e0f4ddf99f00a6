/*
 * data.h - a message's octets on the wire, after DATA or BDAT
 */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include <stdbool.h>

#include "mime/wire.h"
#include "net/stream.h"
#include "util/failure.h"

/*
 * Dots doubled where a line begins with one (RFC 5321 section 4.5.2); the
 * last of it may wait to be flushed with data_end().
 */
bool	data_send_stuffed(struct stream *, struct wire *, struct failure *why);

/* The lone dot; flushed. */
bool	data_end(struct stream *, struct failure *why);

/* As they are, for BDAT (RFC 3030); flushed. */
bool	data_send_plain(struct stream *, struct wire *, struct failure *why);

#endif
