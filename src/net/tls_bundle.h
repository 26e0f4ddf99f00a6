/*
 * tls_bundle.h - a file of many PEM certificates, searched without parsing it
 *
 * OpenSSL takes longest over the public key of a certificate that it reads:
 * a quarter of a second of callgrind's clock for the usual 145.  Here only
 * the subject of each is dug out, and a certificate is parsed when a chain
 * asks for its subject.
 */
#ifndef NET_TLS_BUNDLE_H
#define NET_TLS_BUNDLE_H

#include <stdbool.h>

#include <openssl/x509_vfy.h>

#include "util/buffer.h"
#include "util/failure.h"

/*
 * Adds the certificates in text to what the store can find; takes the
 * contents of *text over, and the store frees them.  False, with *text
 * untouched, if there is not one certificate in it.
 */
bool	tls_bundle_add(X509_STORE *, struct buffer *text);

#endif
