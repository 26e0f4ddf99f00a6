/*
 * tls_refusal.h - the reason why a certificate was rejected
 *
 * The text names the certificate and the rule that it broke.  It never
 * contains the pin of the rejected key: an administrator who copied it to the
 * configuration would trust a server that may be an attacker's.  Text from
 * certificates is made visible and truncated.  The status is EX_CONFIG, the
 * cause an enum tls_cause.
 */
#ifndef NET_TLS_REFUSAL_H
#define NET_TLS_REFUSAL_H

#include <openssl/x509_vfy.h>

#include "net/tls_verify.h"
#include "util/failure.h"

/* Sets *why after X509_verify_cert() has failed. */
void	tls_refusal_by_chain(X509_STORE_CTX *, const struct tls_verify *,
	    struct failure *why);

/* Sets *why for a server's certificate whose key matches no pin. */
void	tls_refusal_by_pin(X509 *, struct failure *why);

#endif
