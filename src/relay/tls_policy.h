/*
 * tls_policy.h - the configured policy for TLS and AUTH at one smarthost
 *
 *	- Nothing is sent in clear text unless the server is on this machine or
 *	  the configuration sets tls, and never if it sets tls_pin.
 *	- AUTH without TLS requires both tls = off and auth.  A mechanism that
 *	  sends the password or the token itself must be named.
 *	- Each certificate is verified unless tls = opportunistic.
 */
#ifndef RELAY_TLS_POLICY_H
#define RELAY_TLS_POLICY_H

#include <stdbool.h>

#include "relay/connection.h"
#include "util/failure.h"

/* The policy, and the settings that decide; NULL: the default applies. */
struct tls_decision {
	enum session_tls_policy	 policy;
	const struct setting	*by;
	bool			 auth_off;	/* the key auth is off */
	const struct setting	*auth;
	const struct setting	*certificate;	/* of the client */
	struct credentials_choice credentials;	/* unless .auth_off */
};

/*
 * Decides for c->config, c->subject and c->smarthost, and reads no file.
 * Returns false with why (EX_CONFIG) if settings contradict each other.
 */
bool	tls_policy_decide(struct tls_decision *, const struct connection *c,
	    struct failure *why);

/*
 * Fills in the TLS policy and the credentials in c->options, for c->smarthost.
 * Returns false with why: EX_CONFIG if settings contradict each other or a
 * secret must not be used, EX_NOPERM if a secret cannot be read.
 */
bool	tls_policy_choose(struct connection *c, struct failure *);

/*
 * Loads the TLS module if the policy or AUTH requires it, and prepares a TLS
 * session if the policy requires one.  Nothing is sent.  Returns false with why
 * as in net/tls.h.
 */
bool	tls_policy_start(struct connection *c, struct failure *);

/*
 * Whether OpenSSL accepts the values of tls_groups in all sections.  Returns
 * false with why: EX_CONFIG, and *set is the setting, or EX_UNAVAILABLE if the
 * TLS module cannot be loaded, and *set is NULL.
 */
bool	tls_policy_check_groups(const struct config *,
	    const struct setting **set, struct failure *);

/*
 * Call this with the connected socket.  If the smarthost is named localhost but
 * the socket is connected to another machine, TLS is required, and prepared as
 * in tls_policy_start().
 */
bool	tls_policy_enforce(struct connection *c, int fd, struct failure *);

#endif
