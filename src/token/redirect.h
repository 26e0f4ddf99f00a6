/*
 * redirect.h - read the query of a redirect with an authorization code (RFC
 * 6749 section 4.1.2)
 *
 * Any program or page can send such a request, so only one with the state of
 * this login has an effect.
 */
#ifndef TOKEN_REDIRECT_H
#define TOKEN_REDIRECT_H

#include <stddef.h>

#include "util/buffer.h"
#include "util/failure.h"

enum redirect {
	REDIRECT_CODE,		/* *code is set */
	REDIRECT_REFUSED,	/* why: the error of the server */
	REDIRECT_FOREIGN,	/* not the redirect of this login */
};

/* The text after the question mark. */
enum redirect redirect_read(const char *query, size_t len, const char *state,
	    struct buffer *code, struct failure *why);

#endif
