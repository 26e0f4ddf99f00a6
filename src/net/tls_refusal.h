/*
 * tls_refusal.h - say why a certificate was refused
 *
 * The sentence names the certificate, the rule that it broke, and the key
 * of relais.conf that would change it, but never the pin of the key that was
 * refused.  All that comes from certificates is made visible and kept short.
 * EX_CONFIG always.
 */
#ifndef NET_TLS_REFUSAL_H
#define NET_TLS_REFUSAL_H

#include <openssl/x509_vfy.h>

#include "net/tls_verify.h"
#include "util/failure.h"

/* After X509_verify_cert() has failed. */
void	tls_refusal_by_chain(X509_STORE_CTX *, const struct tls_verify *,
	    struct failure *why);

/* The server's certificate, whose key is none of the pinned. */
void	tls_refusal_by_pin(X509 *, const struct tls_verify *,
	    struct failure *why);

#endif
