/*
 * renew.h - provide a valid access token, and renew it if necessary
 *
 * A token is used if it is valid for ten more minutes, or for half of its
 * lifetime if that is shorter.  Otherwise, it is renewed, by one process at a
 * time:
 *
 *	1. take the lock, and read the file again: another process may have
 *	   renewed the token meanwhile, or may have failed, which is a failure
 *	   of this process, too
 *	2. record that a renewal has begun, which also shows that the file can
 *	   be written, and reserve the space for the next write
 *	3. ask the server
 *	4. write the new tokens, before the access token is used
 *
 * Between 2 and 4, signals that end the process are blocked.  If it is killed
 * nevertheless between 3 and 4, the server may have replaced the refresh token.
 * The next renewal tries the old one, which many servers accept for a while; if
 * it is refused, the message says that a renewal was interrupted.
 */
#ifndef TOKEN_RENEW_H
#define TOKEN_RENEW_H

#include <stdbool.h>
#include <stdint.h>

#include "token/exchange.h"
#include "token/http.h"
#include "token/store.h"
#include "util/failure.h"

enum {
	/* Everything must be done before sendmail kills relais-token. */
	RENEW_MS = 27 * 1000,
	RENEW_HTTP_MS = 20 * 1000,
};

/* A server has refused the token: renew it although it seems to be valid. */
enum renew_reason { RENEW_IF_NECESSARY, RENEW_REFUSED_TOKEN };

/*
 * Reads the login, renews the access token if necessary, and leaves it in
 * .value[STORE_ACCESS_TOKEN].  With RENEW_REFUSED_TOKEN, a token that was
 * issued in the last minute is not renewed.
 *
 * If a renewal is impossible for now, also because the file cannot be written,
 * or has failed in the last minute, a token that is still valid is used, unless
 * it was refused.  Otherwise false: EX_TEMPFAIL if a later attempt may succeed;
 * EX_NOPERM if a new login is necessary; EX_CONFIG and others if the
 * configuration has to be changed.  After a failure, the access token is not
 * set.
 */
bool	renew_token(struct store *, const struct http_options *,
	    enum renew_reason, struct failure *why);

/*
 * Stores what the server has granted, in the values only: the tokens, the time
 * of expiry, the scope.  Clears the record of a renewal and of its failure.
 */
void	renew_take_grant(struct store *, const struct exchange *,
	    int64_t now);

#endif
