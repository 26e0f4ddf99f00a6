/*
 * digests.h - a TLS module for tests that need digests but no connection
 *
 * It is libcrypto's, so what it says about digests is what tls.so says.
 */
#ifndef SUPPORT_DIGESTS_H
#define SUPPORT_DIGESTS_H

#include "net/tls.h"

/* Stands for a session: one that has a channel binding, or has none. */
struct tls {
	bool	binds;
};

/* Its library(), digests, and a channel_binding() of octets from 'A' on. */
extern const struct tls_module digests;

/* The same library where a policy forbids every digest. */
extern const struct tls_module no_digests;

#endif
