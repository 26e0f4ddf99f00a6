/*
 * tls_verify.h - what is demanded of the server's certificate
 *
 * With pins, the key of the server's own certificate must be one of them,
 * and nothing else is asked: not who issued it, nor what name or dates it
 * bears.  Without, a chain must lead to an authority that we trust, and the
 * certificate must be for the name: by subjectAltName alone, a wildcard
 * standing for one whole label (RFC 9525), or for the address.
 */
#ifndef NET_TLS_VERIFY_H
#define NET_TLS_VERIFY_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "net/tls.h"
#include "net/tls_pin.h"
#include "util/failure.h"

/* Certificates between the server's own and the trusted one. */
enum { TLS_CHAIN_MAX = 10 };

struct tls_verify {
	bool		 demanded;	/* something must be proved */
	char		*name;		/* owned; or NULL */
	bool		 is_address;
	struct tls_pins	 pins;
	char		*ca;		/* owned; NULL: the system's trust */
	bool		 accepted;	/* it was proved */
	bool		 refused;	/* it was not: see why */
	struct failure	 why;
};

/*
 * Tells the context what to demand of its sessions; *v must outlive them.
 * EX_CONFIG: a name that is none, a bad pin, no trust to be found.
 */
bool	tls_verify_init(struct tls_verify *v, SSL_CTX *,
	    const struct tls_options *, struct failure *why);

void	tls_verify_free(struct tls_verify *);

#endif
