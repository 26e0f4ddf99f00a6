/*
 * tls_own.h - the certificate and the key that we show to the server
 */
#ifndef NET_TLS_OWN_H
#define NET_TLS_OWN_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "util/failure.h"

/*
 * key NULL: it stands in the certificate's file.  EX_CONFIG: unreadable,
 * not PEM, encrypted, not a pair, or a key that others can read.
 */
bool	tls_own_certificate(SSL_CTX *, const char *certificate,
	    const char *key, struct failure *why);

#endif
