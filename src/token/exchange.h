/*
 * exchange.h - ask the token endpoint of a server (RFC 6749 sections 3.2, 5)
 */
#ifndef TOKEN_EXCHANGE_H
#define TOKEN_EXCHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "token/answer.h"
#include "token/http.h"
#include "util/buffer.h"
#include "util/failure.h"

enum exchange_result {
	EXCHANGE_GRANTED,	/* .access_token is set */
	EXCHANGE_REFUSED,	/* .error is set */
	EXCHANGE_FAILED,	/* no reply, or an invalid one */
};

struct exchange {
	char	*access_token;	/* owned, and wiped; as the others */
	char	*refresh_token;	/* NULL: the current one remains valid; also
				 * set if the rest of a grant is invalid */
	char	*id_token;	/* or NULL */
	char	*scope;		/* or NULL: as requested */
	int64_t	 expires_in;	/* seconds; -1: the server did not say */
	int64_t	 retry_after;	/* seconds, after a failure; -1: not set */
	bool	 is_unknown;	/* the request was sent, and no reply came, or
				 * one that cannot be used: it may have had its
				 * effect */
	char	 error[64];	/* of RFC 6749 section 5.2, RFC 8628 section
				 * 3.5: "invalid_grant", "slow_down" ... */
	char	 description[512];	/* visible text of the server, or "" */
};

/*
 * Sends the form and reads the answer.  Sets why unless the result is
 * EXCHANGE_GRANTED; the text begins with the host:
 *	EXCHANGE_REFUSED	EX_NOPERM if a new login is necessary, else
 *				EX_CONFIG, such as for a wrong client secret
 *	EXCHANGE_FAILED		EX_TEMPFAIL: the server cannot be reached,
 *				replies 429 or 5xx, or not with JSON; EX_CONFIG:
 *				it is not an authorization server
 */
enum exchange_result exchange(struct exchange *, const struct http_options *,
	    const char *url, const struct buffer *form, struct failure *why);

/*
 * Whether the reply of another endpoint is a success.  a: its object, or NULL if
 * it has none, with why.  False with why as exchange(), without the host.
 */
bool	exchange_is_success(const struct http_reply *, const struct answer *a,
	    struct failure *why);

void	exchange_free(struct exchange *);	/* wipes */

#endif
