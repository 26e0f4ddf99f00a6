/*
 * phrase.h - write a display name
 */
#ifndef MAIL_PHRASE_H
#define MAIL_PHRASE_H

#include "util/buffer.h"

/*
 * Appends a display name (RFC 5322 section 3.2.5): unchanged if it consists of
 * atoms, as a quoted string if it contains specials, as encoded words (RFC
 * 2047) if it is not ASCII.  Encoded words in the name do not change.  Control
 * characters become blanks.
 */
void	phrase_write(struct buffer *, const char *name);

#endif
