/*
 * client.h - the form of a token request, and the client's own credentials
 */
#ifndef TOKEN_CLIENT_H
#define TOKEN_CLIENT_H

#include <stdbool.h>

#include "token/store.h"
#include "util/buffer.h"
#include "util/failure.h"

/*
 * Appends client_id and, if the login has them, the client secret (RFC 6749
 * section 2.3.1) or an assertion signed with the key (RFC 7523).  False with
 * EX_CONFIG or EX_NOPERM: the key cannot be used.
 */
bool	client_add(struct buffer *form, const struct store *,
	    struct failure *why);

/*
 * Appends the whole request for a new access token, by .value[STORE_GRANT].
 * False with EX_CONFIG if the grant is unknown or the refresh token is
 * missing.
 */
bool	client_add_renewal(struct buffer *form, const struct store *,
	    struct failure *why);

#endif
