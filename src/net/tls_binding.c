#include "net/tls_binding.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

enum { EXPORTED = 32 };		/* octets (RFC 9266 section 2) */

static size_t
export_key(SSL *ssl, unsigned char out[TLS_BINDING_MAX])
{
	static const char	label[] = "EXPORTER-Channel-Binding";

	if (SSL_version(ssl) != TLS1_3_VERSION)
		return 0;
	/* Before TLS 1.3, an empty context differs from no context. */
	return SSL_export_keying_material(ssl, out, EXPORTED, label,
	    sizeof(label) - 1, (const unsigned char *)"", 0, 1) == 1 ?
	    EXPORTED : 0;
}

/*
 * The first Finished message of a full handshake is the client's.  Without
 * extended master secret, an attacker between the two ends can give them
 * sessions with the same Finished messages.
 */
static size_t
copy_finished(SSL *ssl, unsigned char out[TLS_BINDING_MAX])
{
	size_t	n;

	if (SSL_version(ssl) != TLS1_2_VERSION ||
	    SSL_get_extms_support(ssl) != 1)
		return 0;
	n = SSL_get_finished(ssl, out, TLS_BINDING_MAX);
	return n <= TLS_BINDING_MAX ? n : 0;
}

/*
 * The digest is that of the certificate's signature, but at least SHA-256.  For
 * a signature without a separate digest, such as Ed25519, the RFC defines no
 * binding.
 */
static size_t
hash_certificate(SSL *ssl, unsigned char out[TLS_BINDING_MAX])
{
	X509		*x = SSL_get0_peer_certificate(ssl);
	const EVP_MD	*md;
	int		 digest;
	unsigned	 n = 0;

	if (x == NULL ||
	    !X509_get_signature_info(x, &digest, NULL, NULL, NULL))
		return 0;
	md = digest == NID_md5 || digest == NID_sha1 ? EVP_sha256() :
	    EVP_get_digestbynid(digest);
	if (md == NULL || EVP_MD_get_size(md) > TLS_BINDING_MAX ||
	    !X509_digest(x, md, out, &n))
		return 0;
	return n;
}

size_t
tls_binding_compute(SSL *ssl, enum tls_binding type,
    unsigned char out[TLS_BINDING_MAX])
{
	switch (type) {
	case TLS_EXPORTER:
		return export_key(ssl, out);
	case TLS_UNIQUE:
		return copy_finished(ssl, out);
	case TLS_SERVER_END_POINT:
		return hash_certificate(ssl, out);
	}
	return 0;
}
