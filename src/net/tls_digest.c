#include "net/tls_digest.h"

#include <limits.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "net/tls_library.h"

/* NULL if the policy of the system forbids the digest, as FIPS does MD5. */
static const EVP_MD *
md_of(enum tls_digest digest)
{
	if (!tls_library_start())
		return NULL;
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

size_t
tls_digest(enum tls_digest digest, const void *data, size_t len,
    unsigned char out[TLS_DIGEST_MAX])
{
	const EVP_MD	*md = md_of(digest);
	unsigned	 size = 0;

	if (md == NULL || !EVP_Digest(data, len, out, &size, md, NULL))
		return 0;
	return size;
}

size_t
tls_hmac(enum tls_digest digest, const void *key, size_t key_len,
    const void *data, size_t len, unsigned char out[TLS_DIGEST_MAX])
{
	const EVP_MD	*md = md_of(digest);
	unsigned	 size = 0;

	if (md == NULL || key_len > INT_MAX ||
	    HMAC(md, key, (int)key_len, data, len, out, &size) == NULL)
		return 0;
	return size;
}

size_t
tls_pbkdf2(enum tls_digest digest, const char *password, size_t len,
    const void *salt, size_t salt_len, unsigned iterations,
    unsigned char out[TLS_DIGEST_MAX])
{
	const EVP_MD	*md = md_of(digest);

	if (md == NULL || len > INT_MAX || salt_len > INT_MAX ||
	    iterations < 1 || iterations > INT_MAX ||
	    !PKCS5_PBKDF2_HMAC(password, (int)len, salt, (int)salt_len,
	    (int)iterations, md, EVP_MD_get_size(md), out))
		return 0;
	return (size_t)EVP_MD_get_size(md);
}
