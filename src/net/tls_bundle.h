/*
 * tls_bundle.h - load only the needed certificates from a PEM file
 *
 * Only the subjects of the certificates are extracted; a certificate is parsed
 * if its subject occurs in the chain that is verified.  For the 144
 * certificates of Debian's ca-certificates this takes 7 million instructions
 * (callgrind); X509_STORE_load_file(), which parses all certificates, takes
 * 190 million, seven times as many as the rest of a session.
 */
#ifndef NET_TLS_BUNDLE_H
#define NET_TLS_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509_vfy.h>

#include "util/buffer.h"

struct tls_bundle {
	struct buffer		 text;		/* of the file */
	struct buffer		 subjects;
	struct tls_bundle_entry	*entry;		/* owned */
	size_t			 n;
	size_t			 cap;
};

/*
 * Indexes the certificates in *text; the bundle, which must be empty, takes
 * over the contents of *text.  Returns false, with *text unchanged, if it
 * contains no certificate.
 */
bool	tls_bundle_index(struct tls_bundle *, struct buffer *text);

/*
 * Adds to the store the certificates of the bundle whose subject is the subject
 * or the issuer of x, and the issuers of these certificates.  If
 * this is done for each certificate that a server has sent, X509_verify_cert()
 * has the same result as with the whole file in the store.
 */
void	tls_bundle_load(struct tls_bundle *, X509_STORE *, const X509 *x);

void	tls_bundle_free(struct tls_bundle *);

#endif
