/*
 * tls_certificate.h - the client certificate and its key
 */
#ifndef NET_TLS_CERTIFICATE_H
#define NET_TLS_CERTIFICATE_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "util/failure.h"

/*
 * Sets the certificate, its chain and its key; the paths name PEM files.  If
 * key is NULL, the certificate's file contains the key.  EX_CONFIG if a file is
 * unreadable or not in PEM format, if the key is encrypted or does not match
 * the certificate, or if other users can read the key.
 */
bool	tls_certificate_use(SSL_CTX *, const char *certificate,
	    const char *key, struct failure *why);

#endif
