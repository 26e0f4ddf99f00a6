/*
 * auth.h - the client side of SASL, for SMTP (RFC 4422, RFC 4954)
 *
 * Selects a mechanism, and produces and reads its messages; authenticate.c
 * sends them in base64.  auth_free() wipes all secrets.
 *
 * auth_choose.c selects the mechanism and auth.c runs an exchange; the
 * mechanisms are in auth_scram.c, auth_password.c and auth_token.c.
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
	bool		 certificate;	/* a client certificate is configured,
					 * so EXTERNAL is possible */
	bool		 in_clear;	/* the administrator has allowed AUTH
					 * without TLS explicitly */
	const char	*host;		/* for OAUTHBEARER (RFC 7628) */
	int		 port;
};

/* The mechanisms that a server offers in a session.  Borrowed. */
struct auth_offer {
	const char		*mechanisms;	/* names separated by blanks,
						 * case-insensitive */
	const struct tls_module	*module;	/* NULL: not loaded */
	struct tls		*tls;		/* NULL: without TLS */
	bool			 end_point;	/* bind to the certificate:
						 * auth_may_rebind() */
	bool			 plus_refused;	/* the server has refused a
						 * mechanism with channel
						 * binding */
	bool			 secret_refused; /* 534 or 538 to a mechanism
						 * that sends the password or
						 * the token itself: use no
						 * other one that does so */
};

struct auth;		/* one exchange */

/*
 * The reason why no credentials were sent, or why the server has refused
 * channel binding, in .cause of a failure.  The values differ from those of
 * enum tls_cause.
 */
enum auth_cause {
	AUTH_CAUSE_IN_CLEAR = 100,	/* no TLS, and not allowed in clear */
	AUTH_CAUSE_UNVERIFIED,		/* the certificate is not verified */
	AUTH_CAUSE_NOT_OFFERED,
	AUTH_CAUSE_NOT_IN_CLEAR,	/* not offered without TLS */
	AUTH_CAUSE_NO_MECHANISM,	/* each one has an obstacle or is not
					 * supported */
	AUTH_CAUSE_OTHER_CHANNEL,	/* our TLS session is not the server's */
	AUTH_CAUSE_NO_BINDING,		/* the server cannot use our binding */
	AUTH_CAUSE_UNOFFERED,		/* the server supports channel binding,
					 * but its offer does not say so */
	AUTH_CAUSE_BOUND,		/* channel binding, or the user or the
					 * password */
};

/* The reason why a mechanism cannot be used. */
enum auth_obstacle {
	AUTH_OBSTACLE_NONE,
	AUTH_OBSTACLE_NO_TOKEN,
	AUTH_OBSTACLE_NO_PASSWORD,
	AUTH_OBSTACLE_NO_USER,
	AUTH_OBSTACLE_NO_CERTIFICATE,
	AUTH_OBSTACLE_NO_BINDING,	/* TLS without channel binding */
	AUTH_OBSTACLE_TOKEN,		/* with a token, no password is sent */
	AUTH_OBSTACLE_NOT_NAMED,	/* .mechanisms must name it, at least
					 * with .plus_refused */
	AUTH_OBSTACLE_IN_CLEAR,		/* it sends the secret itself: without
					 * TLS, .mechanisms must name it */
	AUTH_OBSTACLES
};

/*
 * Returns the strongest mechanism that is offered, allowed and possible with
 * these credentials, or NULL with why (EX_NOPERM and an auth_cause).
 *
 * If .mechanisms is NULL: no password is sent if a token is set; EXTERNAL is
 * used only without password and token; and without TLS, or after the server
 * has refused channel binding, no mechanism is used that sends the password or
 * the token itself.
 */
const char *auth_choose(const struct auth_options *, const struct auth_offer *,
	    struct failure *why);

/*
 * Returns the next mechanism to try after the server has refused the mechanism
 * 'refused' itself (501, 504, 534), or after that mechanism could not start;
 * NULL if none is left.
 */
const char *auth_choose_after(const struct auth_options *,
	    const struct auth_offer *, const char *refused);

/*
 * Appends the offered mechanisms that have this obstacle, such as
 * "PLAIN, LOGIN".
 */
void	auth_list_obstructed(const struct auth_options *,
	    const struct auth_offer *, enum auth_obstacle,
	    struct buffer *names);

/*
 * Starts an exchange; options and offer are borrowed until auth_free().  The
 * module may be NULL for mechanisms without a digest.  Returns NULL with why:
 * EX_CONFIG if the user name, password or token cannot be sent, EX_UNAVAILABLE
 * if the digest or the channel binding is not available.
 */
struct auth *auth_start(const char *mechanism, const struct auth_options *,
	    const struct auth_offer *, struct failure *why);

/*
 * The type of the channel binding: "tls-exporter", "tls-unique" or
 * "tls-server-end-point"; NULL: none.
 */
const char *auth_binding(const struct auth *);

/* Whether the mechanism sends the password or the token itself. */
bool	auth_sends_secret(const struct auth *);

/*
 * Appends the initial response and returns true, if the mechanism has one and
 * its base64 takes at most 'room' octets (1 if it is empty: "=").  A longer
 * one is sent after the first challenge (RFC 4954 section 4).
 */
bool	auth_initial(struct auth *, size_t room, struct buffer *initial);

/*
 * Appends the response to one challenge, neither of them in base64.  Returns
 * false with why if the server cannot be trusted or violates the protocol; the
 * caller must then cancel the exchange ("*") and ignore *response.
 */
bool	auth_step(struct auth *, const char *challenge, size_t len,
	    struct buffer *response, struct failure *why);

/*
 * Appends the message with which the server must prove that it knows the
 * password; nothing if none is expected.  It must not be shown: with the other
 * messages, it allows anyone to test whether a guessed password is right.
 */
void	auth_add_expected(const struct auth *, struct buffer *);

/*
 * After a refusal, or after auth_step() has failed: whether AUTH can be
 * repeated without the initial response (LOGIN: the initial response is not a
 * secret, and some servers do not support it).
 */
bool	auth_may_repeat(const struct auth *);

/*
 * After a refusal: whether the server has reported that it cannot use this
 * channel binding, so that AUTH can be repeated with .end_point set in the
 * offer.
 */
bool	auth_may_rebind(const struct auth *);

/* After a refusal: the cause, if it is related to channel binding, or 0. */
int	auth_cause(const struct auth *);

/*
 * Call this after the server has accepted.  Returns false, with why, if the
 * mechanism requires a proof from the server (SCRAM: its signature, RFC 5802
 * section 3) and the server has not sent it.
 */
bool	auth_finish(struct auth *, struct failure *why);

/*
 * The error that the server has reported in the exchange, made visible, or "":
 * JSON from an OAuth provider, or a word (SCRAM).
 */
const char *auth_detail(const struct auth *);

void	auth_free(struct auth *);

/* The names of all mechanisms, separated by blanks, for --version. */
const char *auth_mechanisms(void);

#endif
