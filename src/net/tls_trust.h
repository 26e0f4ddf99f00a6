/*
 * tls_trust.h - find the certificates of the authorities that we trust
 *
 * Nothing is parsed before a chain asks for it: folders are looked into by
 * the hash of a subject, bundles searched (tls_bundle.h).  The variables
 * SSL_CERT_FILE and SSL_CERT_DIR are not consulted: whoever starts sendmail
 * has no say in whom it trusts; tls_ca is the way.
 */
#ifndef NET_TLS_TRUST_H
#define NET_TLS_TRUST_H

#include <stdbool.h>

#include <openssl/x509_vfy.h>

#include "util/failure.h"

/* Where to look, NULL at the end of each. */
struct tls_places {
	const char *const *folders;
	const char *const *bundles;
};

/*
 * The first folder that has certificates by hash, else the first bundle that
 * has any.  EX_CONFIG, naming the package to install, if there is neither.
 */
bool	tls_trust_places(X509_STORE *, const struct tls_places *,
	    struct failure *why);

/* tls_trust_places() of this system: OpenSSL's own, then the usual ones. */
bool	tls_trust_system(X509_STORE *, struct failure *why);

/*
 * Trusts the authorities in path, a bundle or a directory with hashes, and no
 * others.  EX_CONFIG if it is missing, unreadable or empty, contains no
 * certificate, or is a directory without hashes.
 */
bool	tls_trust_own(X509_STORE *, const char *path, struct failure *why);

#endif
