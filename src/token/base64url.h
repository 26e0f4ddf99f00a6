/*
 * base64url.h - base64 for URLs and JSON Web Tokens, without padding (RFC 4648
 * section 5, RFC 7515 section 2)
 */
#ifndef TOKEN_BASE64URL_H
#define TOKEN_BASE64URL_H

#include <stddef.h>

#include "util/buffer.h"

void	base64url_encode(struct buffer *, const void *data, size_t len);

/* Appends 43 characters that nobody can guess: 256 random bits. */
void	base64url_random(struct buffer *);

#endif
