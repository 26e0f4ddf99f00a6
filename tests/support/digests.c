#include "support/digests.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static const EVP_MD *
evp(enum tls_digest digest)
{
	switch (digest) {
	case TLS_MD5:
		return EVP_md5();
	case TLS_SHA1:
		return EVP_sha1();
	case TLS_SHA256:
		return EVP_sha256();
	}
	return NULL;
}

static const char *
library(void)
{
	return "OpenSSL under test";
}

static size_t
channel_binding(struct tls *tls, enum tls_binding type,
    unsigned char out[TLS_BINDING_MAX])
{
	static const struct {
		char	first;
		size_t	len;
	} bindings[] = {
		[TLS_EXPORTER]		= { 'A', 32 },
		[TLS_UNIQUE]		= { 'a', 12 },
		[TLS_SERVER_END_POINT]	= { '0', 48 },
	};

	if (!(tls->binds & 1u << type))
		return 0;
	for (size_t i = 0; i < bindings[type].len; i++)
		out[i] = (unsigned char)(bindings[type].first + (char)i);
	return bindings[type].len;
}

static size_t
digest(enum tls_digest d, const void *data, size_t len,
    unsigned char out[TLS_DIGEST_MAX])
{
	unsigned	n = 0;

	return EVP_Digest(data, len, out, &n, evp(d), NULL) ? n : 0;
}

static size_t
hmac(enum tls_digest d, const void *key, size_t key_len, const void *data,
    size_t len, unsigned char out[TLS_DIGEST_MAX])
{
	unsigned	n = 0;

	if (HMAC(evp(d), key, (int)key_len, data, len, out, &n) == NULL)
		return 0;
	return n;
}

static size_t
pbkdf2(enum tls_digest d, const char *password, size_t len, const void *salt,
    size_t salt_len, unsigned iterations, unsigned char out[TLS_DIGEST_MAX])
{
	int	n = EVP_MD_get_size(evp(d));

	if (!PKCS5_PBKDF2_HMAC(password, (int)len, salt, (int)salt_len,
	    (int)iterations, evp(d), n, out))
		return 0;
	return (size_t)n;
}

static size_t
no_hmac(enum tls_digest d, const void *key, size_t key_len, const void *data,
    size_t len, unsigned char out[TLS_DIGEST_MAX])
{
	(void)d, (void)key, (void)key_len, (void)data, (void)len, (void)out;
	return 0;
}

static size_t
no_pbkdf2(enum tls_digest d, const char *password, size_t len,
    const void *salt, size_t salt_len, unsigned iterations,
    unsigned char out[TLS_DIGEST_MAX])
{
	(void)d, (void)password, (void)len, (void)salt, (void)salt_len;
	(void)iterations, (void)out;
	return 0;
}

const struct tls_module digests = {
	.library = library,
	.channel_binding = channel_binding,
	.digest = digest,
	.hmac = hmac,
	.pbkdf2 = pbkdf2,
};

const struct tls_module no_digests = {
	.library = library,
	.channel_binding = channel_binding,
	.digest = digest,
	.hmac = no_hmac,
	.pbkdf2 = no_pbkdf2,
};
