#include "net/tls_facts.h"

#include <string.h>
#include <time.h>

#include <openssl/objects.h>
#include <openssl/x509.h>

#include "net/tls_names.h"

/* Returns 0 for a date that cannot be read. */
static int64_t
seconds_of(const ASN1_TIME *t)
{
	struct tm	tm = { 0 };

	return ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : 0;
}

static void
fill_certificate(struct tls_certificate_facts *c, X509 *x)
{
	tls_name_text(c->subject, sizeof(c->subject),
	    X509_get_subject_name(x));
	tls_name_text(c->issuer, sizeof(c->issuer), X509_get_issuer_name(x));
	tls_names_text(c->names, sizeof(c->names), x);
	c->from = seconds_of(X509_get0_notBefore(x));
	c->until = seconds_of(X509_get0_notAfter(x));
}

/* "x25519" is written as in tls_groups, "X25519". */
void
tls_facts_group(char *to, size_t size, SSL *ssl)
{
	const char	*name = SSL_group_to_name(ssl,
			    (int)SSL_get_negotiated_group(ssl));

	strlcpy(to, name != NULL ? name : "", size);
	if (to[0] == 'x')
		to[0] = 'X';
}

void
tls_facts_fill(struct tls_facts *f, SSL *ssl)
{
	STACK_OF(X509)	*chain = SSL_get_peer_cert_chain(ssl);

	memset(f, 0, sizeof(*f));
	strlcpy(f->version, SSL_get_version(ssl), sizeof(f->version));
	strlcpy(f->cipher, SSL_get_cipher_name(ssl), sizeof(f->cipher));
	tls_facts_group(f->group, sizeof(f->group), ssl);
	for (int i = 0; i < sk_X509_num(chain) && f->n < TLS_FACTS_CHAIN; i++)
		fill_certificate(&f->chain[f->n++], sk_X509_value(chain, i));
}

int64_t
tls_facts_expiry(const SSL *ssl)
{
	const X509	*x = SSL_get0_peer_certificate(ssl);

	return x != NULL ? seconds_of(X509_get0_notAfter(x)) : 0;
}
