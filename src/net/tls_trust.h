/*
 * tls_trust.h - find the certificates of the trusted authorities
 *
 * No certificate is parsed before a chain requires it: in a directory OpenSSL
 * looks for the hash of a subject, in a file tls_bundle.h does.  The
 * environment variables SSL_CERT_FILE and SSL_CERT_DIR are ignored, because the
 * user who starts sendmail must not decide which servers it trusts.
 */
#ifndef NET_TLS_TRUST_H
#define NET_TLS_TRUST_H

#include <stdbool.h>

#include <openssl/x509_vfy.h>

#include "net/tls_bundle.h"
#include "util/failure.h"

/* Each list ends with NULL. */
struct tls_places {
	const char *const *directories;
	const char *const *files;
};

/*
 * Trusts the authorities in the first directory that contains certificates
 * under their hashes, or else in the first file that contains certificates.
 * EX_CONFIG if there is neither; the text names the package to install.
 */
bool	tls_trust_places(X509_STORE *, struct tls_bundle *,
	    const struct tls_places *, struct failure *why);

/*
 * Calls tls_trust_places() with the default paths of OpenSSL, followed by those
 * of common systems.
 */
bool	tls_trust_system(X509_STORE *, struct tls_bundle *,
	    struct failure *why);

/*
 * Trusts only the authorities in path: a file, or a directory with hashes.
 * EX_CONFIG if it is missing, unreadable or empty, contains no certificate, or
 * is a directory without hashes.
 */
bool	tls_trust_path(X509_STORE *, struct tls_bundle *, const char *path,
	    struct failure *why);

#endif
