/*
 * assertion.h - a signed JSON Web Token that proves who the client is (RFC 7523
 * section 2.2, RFC 7519)
 *
 * Instead of a client secret, for client credentials.  The header names the
 * certificate by x5t#S256 (RFC 7515 section 4.1.8), as Microsoft requires.
 */
#ifndef TOKEN_ASSERTION_H
#define TOKEN_ASSERTION_H

#include <stdbool.h>

#include "util/buffer.h"
#include "util/failure.h"

#define ASSERTION_TYPE \
	"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* All pointers are borrowed. */
struct assertion {
	const char	*client_id;
	const char	*audience;	/* the URL of the token endpoint */
	const char	*key_file;	/* PEM, RSA or P-256; not readable by
					 * other users */
	const char	*certificate_file;	/* PEM; the first one is that of
						 * the key */
};

/*
 * Appends the token, which is valid for five minutes.  It is signed with PS256
 * or, if the key is on the curve P-256, with ES256.  False with EX_CONFIG, or
 * EX_NOPERM if this user cannot read a file.
 */
bool	assertion_make(struct buffer *, const struct assertion *,
	    struct failure *why);

#endif
