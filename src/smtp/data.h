/*
 * data.h - a message's octets on the wire, after DATA or BDAT
 */
#ifndef SMTP_DATA_H
#define SMTP_DATA_H

#include <stdbool.h>

#include "mail/wire.h"
#include "net/stream.h"
#include "util/failure.h"

/*
 * Dots doubled where a line begins with one, and the lone dot at the end
 * (RFC 5321 section 4.5.2); flushed.
 */
bool	data_send_stuffed(struct stream *, struct wire *, struct failure *why);

/* As they are, for BDAT (RFC 3030); flushed. */
bool	data_send_plain(struct stream *, struct wire *, struct failure *why);

#endif
