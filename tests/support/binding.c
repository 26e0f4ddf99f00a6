#include "support/binding.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

size_t
binding_of(SSL *ssl, const char *type, unsigned char out[BINDING_MAX])
{
	static const char	label[] = "EXPORTER-Channel-Binding";
	unsigned		n = 0;

	if (ssl == NULL)
		return 0;
	if (strcmp(type, "tls-exporter") == 0 &&
	    SSL_version(ssl) == TLS1_3_VERSION &&
	    SSL_export_keying_material(ssl, out, 32, label, sizeof(label) - 1,
	    (const unsigned char *)"", 0, 1) == 1)
		return 32;
	if (strcmp(type, "tls-unique") == 0 &&
	    SSL_version(ssl) == TLS1_2_VERSION)
		return SSL_get_peer_finished(ssl, out, BINDING_MAX);
	if (strcmp(type, "tls-server-end-point") == 0 &&
	    X509_digest(SSL_get_certificate(ssl), EVP_sha256(), out, &n))
		return n;
	return 0;
}
