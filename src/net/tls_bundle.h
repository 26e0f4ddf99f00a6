/*
 * tls_bundle.h - find certificates in a PEM file without parsing all of them
 *
 * Only the subjects are extracted; a certificate is parsed when a chain
 * requires its subject.  For the 144 certificates of Debian's ca-certificates
 * this takes 7 million instructions (callgrind), X509_STORE_load_file() takes
 * 195 million, seven times as many as the whole rest of a session
 * (make check-budget).
 */
#ifndef NET_TLS_BUNDLE_H
#define NET_TLS_BUNDLE_H

#include <stdbool.h>

#include <openssl/x509_vfy.h>

#include "util/buffer.h"
#include "util/failure.h"

/*
 * Adds a lookup for the certificates in *text to the store, which takes over
 * the contents of *text and frees them.  Returns false, with *text unchanged,
 * if it contains no certificate.
 */
bool	tls_bundle_add(X509_STORE *, struct buffer *text);

#endif
