/*
 * auth.h - the client side of SASL, for SMTP (RFC 4422, RFC 4954)
 *
 * Produces and reads the messages of the mechanisms; authenticate.c sends them
 * (base64, 334).  auth_free() wipes all secrets.
 *
 * auth.c runs an exchange, auth_choose.c selects the mechanism; the mechanisms
 * are in auth_scram.c, auth_password.c and auth_token.c.
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
	const char	*mechanisms;	/* names in the order of preference,
					 * separated by blanks; NULL: auto */
	const char	*user;		/* NULL: none */
	const char	*password;	/* NULL: none */
	const char	*token;		/* OAuth 2 access token, NULL: none */
	bool		 certificate;	/* we have one: EXTERNAL is possible */
	bool		 in_clear;	/* the administrator has allowed AUTH
					 * without TLS explicitly */
	const char	*host;		/* for OAUTHBEARER (RFC 7628) */
	int		 port;
};

struct auth;		/* one exchange */

/*
 * In .cause of a failure: why no credentials were sent.  The values differ
 * from those of enum tls_cause.
 */
enum auth_cause {
	AUTH_CAUSE_IN_CLEAR = 100,	/* no TLS, and not allowed in clear */
	AUTH_CAUSE_UNVERIFIED,		/* the certificate is not verified */
	AUTH_CAUSE_NOT_OFFERED,
	AUTH_CAUSE_NOT_IN_CLEAR,	/* not offered without TLS */
};

/*
 * Returns the strongest mechanism that is offered, allowed and possible with
 * these credentials, or NULL with why (EX_NOPERM): the text lists the offered
 * mechanisms and what each requires.  offered: names separated by blanks,
 * case-insensitive.  tls: the session, NULL in clear; channel binding depends
 * on it.
 *
 * If .mechanisms is NULL: no password is sent if there is a token; EXTERNAL is
 * used only without password and token; and without TLS, no mechanism is used
 * that sends the password or the token itself.
 */
const char *auth_choose(const struct auth_options *, const char *offered,
	    const struct tls_module *, struct tls *, struct failure *why);

/*
 * Returns the next mechanism to try, or NULL, if the server has refused the
 * mechanism 'refused' itself (501, 504, 534), or if that could not start.
 */
const char *auth_choose_after(const struct auth_options *, const char *offered,
	    const char *refused, const struct tls_module *, struct tls *);

/*
 * Starts an exchange; the options are borrowed until auth_free().  module may
 * be NULL for mechanisms without a digest.  Returns NULL with why: EX_CONFIG
 * if the user name, password or token cannot be sent, EX_UNAVAILABLE if there
 * is no digest or no channel binding.
 */
struct auth *auth_start(const char *mechanism, const struct auth_options *,
	    const struct tls_module *, struct tls *, struct failure *why);

/*
 * Appends the initial response and returns true, if the mechanism has one and
 * its base64 takes at most 'room' octets (1 if it is empty: "=").  If it takes
 * more, it answers the first challenge instead (RFC 4954 section 4).
 */
bool	auth_initial(struct auth *, size_t room, struct buffer *initial);

/*
 * Answers one challenge (both are decoded).  Returns false with why if the
 * server cannot be trusted or violates the protocol; the caller must then
 * cancel the exchange ("*") and ignore *response.
 */
bool	auth_step(struct auth *, const char *challenge, size_t len,
	    struct buffer *response, struct failure *why);

/*
 * After a refusal, or after auth_step() has failed: true if AUTH may be
 * repeated without the initial response, which was not a secret and which the
 * server may not support (LOGIN).
 */
bool	auth_may_repeat(const struct auth *);

/*
 * To be called after the server has accepted.  Returns false if the server has
 * not given the proof that the mechanism requires (the signature of SCRAM,
 * RFC 5802 section 3).
 */
bool	auth_finish(struct auth *, struct failure *why);

/* The error of the provider (OAuth JSON), made visible, or "". */
const char *auth_detail(const struct auth *);

void	auth_free(struct auth *);

/* The names of all mechanisms, separated by blanks, for --version. */
const char *auth_mechanisms(void);

#endif
