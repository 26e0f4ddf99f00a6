/*
 * phrase.h - a person's name as a header field may carry it
 */
#ifndef MAIL_PHRASE_H
#define MAIL_PHRASE_H

#include "util/buffer.h"

/*
 * Appends a display name (RFC 5322 section 3.2.5): as it is if it is made of
 * atoms, as a quoted string if it has specials, as encoded words (RFC 2047) if
 * it is not ASCII.  Encoded words in it stay.  Control characters become blanks.
 */
void	phrase_write(struct buffer *, const char *name);

#endif
