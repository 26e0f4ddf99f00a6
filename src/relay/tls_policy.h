/*
 * tls_policy.h - TLS and AUTH with one smarthost, as the configuration has them
 *
 * Closed by default: nothing goes in clear unless the peer is this machine or
 * tls says so, and nothing at all if a key is pinned; nobody authenticates in
 * clear unless tls = off and auth are both set, nor sends a password or a token
 * itself unless auth names the mechanism; and no certificate goes unchecked
 * unless tls says so.
 */
#ifndef RELAY_TLS_POLICY_H
#define RELAY_TLS_POLICY_H

#include <stdbool.h>

#include "relay/connection.h"
#include "util/failure.h"

/*
 * For c->smarthost: the policy of TLS, and which credentials it is to get, into
 * c->options.  EX_CONFIG for settings that contradict each other or a secret
 * that may not be used; EX_NOPERM for one that may not be read.
 */
bool	tls_policy_choose(struct connection *, struct failure *);

/*
 * Loads what that takes and starts a TLS session, no octet sent yet.  False
 * with why as tls.h has it.
 */
bool	tls_policy_start(struct connection *, struct failure *);

/*
 * Once connected.  A name such as localhost may lead to another machine: then
 * nothing is exempt from TLS, which is required and started as by
 * tls_policy_start().
 */
bool	tls_policy_enforce(struct connection *, int fd, struct failure *);

#endif
