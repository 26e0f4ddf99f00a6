/*
 * digests.h - a TLS module with digests but without connections
 *
 * It uses libcrypto, as tls.so does.
 */
#ifndef SUPPORT_DIGESTS_H
#define SUPPORT_DIGESTS_H

#include "net/tls.h"

/* In place of a session, with or without a channel binding. */
struct tls {
	bool	binds;
};

/* library(), digests, and a channel_binding() of octets from 'A'. */
extern const struct tls_module digests;

/* A library whose policy forbids every digest. */
extern const struct tls_module no_digests;

#endif
