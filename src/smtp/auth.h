/*
 * auth.h - SASL, the client's side, as SMTP needs it (RFC 4422, RFC 4954)
 *
 * Knows mechanisms and what they say; how it is carried (base64, 334) is
 * session's business.  Everything secret is wiped by auth_free().
 *
 * auth.c runs an exchange, auth_choose.c decides which; the mechanisms are
 * in auth_scram.c, auth_password.c and auth_token.c.
 */
#ifndef SMTP_AUTH_H
#define SMTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "net/tls.h"
#include "util/buffer.h"
#include "util/failure.h"

/* Borrowed strings, owned by the configuration's credentials. */
struct auth_options {
	const char	*mechanisms;	/* NULL: auto; else names, by order of
					 * the list, blanks between */
	const char	*user;		/* NULL: none */
	const char	*password;	/* NULL: none */
	const char	*token;		/* OAuth 2 access token, NULL: none */
	bool		 certificate;	/* we show one: EXTERNAL may serve */
	bool		 in_clear;	/* no TLS, and the administrator spelt
					 * out that AUTH may go in clear */
	const char	*host;		/* for OAUTHBEARER (RFC 7628) */
	int		 port;
};

struct auth;		/* one exchange */

/*
 * The strongest mechanism that is offered, allowed and possible with these
 * credentials; NULL with why (EX_NOPERM), which lists what was offered and
 * what would be needed.  offered: names, blanks between, any case.
 * tls: the session, NULL in clear; it decides about channel binding.
 *
 * Without a list, a token means that no password is sent, EXTERNAL is for a
 * certificate without password or token, and without TLS no mechanism is used
 * that sends the password or the token itself.
 */
const char *auth_choose(const struct auth_options *, const char *offered,
	    const struct tls_module *, struct tls *, struct failure *why);

/*
 * The next one to try when 'refused' was turned down before any credentials
 * were judged (501, 504, 534) or did not start, or NULL.
 */
const char *auth_choose_after(const struct auth_options *, const char *offered,
	    const char *refused, const struct tls_module *, struct tls *);

/*
 * An exchange; the options stay borrowed until auth_free().  module may be
 * NULL for mechanisms without a digest.  NULL with why: EX_CONFIG for a user
 * name, password or token that can't be sent, EX_UNAVAILABLE without a digest
 * or a channel binding.
 */
struct auth *auth_start(const char *mechanism, const struct auth_options *,
	    const struct tls_module *, struct tls *, struct failure *why);

/*
 * True, with the octets appended, if the mechanism speaks first and these take
 * no more than 'room' octets in base64 (one for none of them, "=").  If they
 * take more, they answer the first challenge instead (RFC 4954 section 4).
 */
bool	auth_initial(struct auth *, size_t room, struct buffer *initial);

/*
 * Answers one challenge (both decoded).  False with why: a server that can't
 * be trusted or talks nonsense; the exchange is to be broken off then ("*"),
 * whatever is in *response.
 */
bool	auth_step(struct auth *, const char *challenge, size_t len,
	    struct buffer *response, struct failure *why);

/*
 * The server refuses, or auth_step() has failed: AUTH may be repeated without
 * the initial response, which held no secret and which the server may not
 * understand (LOGIN).
 */
bool	auth_may_repeat(const struct auth *);

/*
 * Called when the server accepts.  False if the server has not proved what this mechanism has
 * it prove (SCRAM's signature, RFC 5802 section 3).
 */
bool	auth_finish(struct auth *, struct failure *why);

/* What a provider said behind the failure (OAuth JSON), visible, or "". */
const char *auth_detail(const struct auth *);

void	auth_free(struct auth *);

/* Every mechanism's name, blanks between, for --version. */
const char *auth_mechanisms(void);

#endif
