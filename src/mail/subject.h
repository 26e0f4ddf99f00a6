/*
 * subject.h - the subject of a message as text for people
 */
#ifndef MAIL_SUBJECT_H
#define MAIL_SUBJECT_H

#include <stddef.h>

#include "mail/header.h"
#include "util/buffer.h"

/*
 * Appends the first Subject field in one line of valid UTF-8, without control
 * characters: encoded words (RFC 2047) in UTF-8, ASCII, ISO 8859-1 and
 * Windows-1252 are decoded, those in other charsets are unchanged, and other
 * octets that are not UTF-8 become question marks.  A text of more than max
 * octets is truncated, and ends with "...".  Without a subject, nothing is
 * appended.
 */
void	subject_write(struct buffer *, const struct header *, size_t max);

#endif
