/*
 * digests.h - a TLS module with digests but without connections
 *
 * It uses libcrypto, as tls.so does.
 */
#ifndef SUPPORT_DIGESTS_H
#define SUPPORT_DIGESTS_H

#include "net/tls.h"

/* In place of a session: bits of its channel bindings. */
struct tls {
	unsigned	binds;		/* 1 << TLS_EXPORTER ... */
};

/*
 * library(), digests, and a channel_binding() of octets from 'A' (tls-exporter,
 * 32), 'a' (tls-unique, 12) or '0' (tls-server-end-point, 48).
 */
extern const struct tls_module digests;

/* A library whose policy forbids every digest. */
extern const struct tls_module no_digests;

#endif
