/*
 * tls_policy.h - the configured policy for TLS and AUTH at one smarthost
 *
 * The policy is closed by default:
 *	- nothing is sent in clear text unless the peer is this machine or the
 *	  configuration sets tls, and never if it sets tls_pin;
 *	- AUTH without TLS requires both tls = off and auth to be set, and a
 *	  mechanism that sends the password or token itself must be named;
 *	- each certificate is verified unless tls = opportunistic.
 */
#ifndef RELAY_TLS_POLICY_H
#define RELAY_TLS_POLICY_H

#include <stdbool.h>

#include "relay/connection.h"
#include "util/failure.h"

/*
 * Fills in the TLS policy and the credentials in c->options, for c->smarthost.
 * EX_CONFIG for settings that contradict each other or a secret that must not
 * be used; EX_NOPERM for a secret that cannot be read.
 */
bool	tls_policy_choose(struct connection *c, struct failure *);

/*
 * Loads the TLS module if the policy or AUTH requires it, and prepares a TLS
 * session if the policy requires one; nothing is sent.  False with why as for
 * tls.h.
 */
bool	tls_policy_start(struct connection *c, struct failure *);

/*
 * Call this with the connected socket.  A name such as localhost may resolve to
 * another machine: then TLS is required, and prepared as by
 * tls_policy_start().
 */
bool	tls_policy_enforce(struct connection *c, int fd, struct failure *);

#endif
