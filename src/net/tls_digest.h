/*
 * tls_digest.h - the digests for SASL, computed by libcrypto
 *
 * For struct tls_module: each returns the length of the digest, or 0.
 */
#ifndef NET_TLS_DIGEST_H
#define NET_TLS_DIGEST_H

#include "net/tls.h"

size_t	tls_digest(enum tls_digest, const void *data, size_t len,
	    unsigned char out[TLS_DIGEST_MAX]);
size_t	tls_hmac(enum tls_digest, const void *key, size_t key_len,
	    const void *data, size_t len, unsigned char out[TLS_DIGEST_MAX]);
size_t	tls_pbkdf2(enum tls_digest, const char *password, size_t len,
	    const void *salt, size_t salt_len, unsigned iterations,
	    unsigned char out[TLS_DIGEST_MAX]);

#endif
