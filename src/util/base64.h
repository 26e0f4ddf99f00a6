/*
 * base64.h - base64 (RFC 4648 section 4), as used by SASL and MIME
 */
#ifndef UTIL_BASE64_H
#define UTIL_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

/* Appends the encoding, with padding and without line breaks. */
void	base64_encode(struct buffer *, const void *data, size_t len);

/*
 * Appends the decoded octets.  If the text does not consist of complete groups
 * of four characters, with padding only at its end, appends nothing and returns
 * false.
 */
bool	base64_decode(struct buffer *, const char *text, size_t len);

#endif
