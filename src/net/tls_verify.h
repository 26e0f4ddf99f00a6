/*
 * tls_verify.h - verify the certificate of the server
 *
 * If there are pins, the key of the server's own certificate must be one of
 * them; its issuer, names and dates are not checked.  Otherwise a chain must
 * lead to a trusted authority, and the certificate must have the expected name
 * or address as a subjectAltName; a wildcard matches one whole label
 * (RFC 9525).
 */
#ifndef NET_TLS_VERIFY_H
#define NET_TLS_VERIFY_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "net/tls.h"
#include "net/tls_bundle.h"
#include "net/tls_pin.h"
#include "util/failure.h"

/* Certificates between the server's own and the trusted one. */
enum { TLS_CHAIN_MAX = 10 };

struct tls_verify {
	bool			 required;	/* false: any server will do */
	char			*name;		/* owned; or NULL */
	bool			 is_address;
	struct tls_pins		 pins;
	char			*ca;		/* owned; NULL: the trust store
						 * of the system */
	struct tls_bundle	 bundle;
	bool			 accepted;	/* after verification */
	bool			 refused;	/* see why */
	struct failure		 why;
};

/*
 * Makes the sessions of the context verify the server; *v must outlive them.
 * EX_CONFIG if the name is not a host name, a pin is invalid, or no
 * certificates of authorities are found.
 */
bool	tls_verify_init(struct tls_verify *v, SSL_CTX *,
	    const struct tls_options *, struct failure *why);

void	tls_verify_free(struct tls_verify *);

#endif
