#include "token/assertion.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "token/base64url.h"
#include "util/json.h"
#include "util/trusted.h"

enum { FILE_LIMIT = 64 * 1024, VALID_S = 300, RSA_BITS_MIN = 2048,
    P256_OCTETS = 32 };

/* A terminal must not be asked for a passphrase. */
static int
no_passphrase(char *to, int size, int for_writing, void *context)
{
	(void)to, (void)size, (void)for_writing;
	*(bool *)context = true;
	return -1;
}

/* Returns the content of a PEM file for OpenSSL, or NULL. */
static BIO *
open_pem(struct buffer *text, const char *path, unsigned rules,
    struct failure *why)
{
	struct stat		st;
	enum trusted_answer	answer;

	answer = trusted_read(text, path, FILE_LIMIT, rules, &st, why);
	if (answer == TRUSTED_MISSING)
		failed(why, EX_CONFIG, "%s: the file does not exist", path);
	return answer == TRUSTED_READ ?
	    BIO_new_mem_buf(text->data, (int)text->len) : NULL;
}

static EVP_PKEY *
read_key(const char *path, struct failure *why)
{
	struct buffer	 text = { 0 };
	bool		 encrypted = false;
	BIO		*bio = open_pem(&text, path, TRUSTED_SECRET, why);
	EVP_PKEY	*key = NULL;

	if (bio != NULL) {
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase,
		    &encrypted);
		if (key == NULL)
			failed(why, EX_CONFIG, "%s: %s", path, encrypted ?
			    "the key is encrypted; store it without a "
			    "passphrase" : "not a private key in PEM");
		BIO_free(bio);
	}
	buffer_wipe(&text);
	return key;
}

static X509 *
read_certificate(const char *path, struct failure *why)
{
	struct buffer	 text = { 0 };
	BIO		*bio = open_pem(&text, path, 0, why);
	X509		*x = NULL;

	if (bio != NULL) {
		x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (x == NULL)
			failed(why, EX_CONFIG, "%s: not a certificate in PEM",
			    path);
		BIO_free(bio);
	}
	buffer_free(&text);
	return x;
}

/* "PS256", "ES256", or NULL. */
static const char *
algorithm_of(const EVP_PKEY *key)
{
	char	group[32] = "";

	if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= RSA_BITS_MIN)
		return "PS256";
	if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group,
	    sizeof(group), NULL) == 1 && strcmp(group, "prime256v1") == 0)
		return "ES256";
	return NULL;
}

static void
add_member(struct buffer *json, const char *name, const char *value)
{
	buffer_addf(json, "%c\"%s\":", json->len == 0 ? '{' : ',', name);
	json_string(json, value);
}

static void
add_part(struct buffer *token, struct buffer *json)
{
	buffer_add_byte(json, '}');
	base64url_encode(token, json->data, json->len);
	buffer_free(json);
}

static bool
add_header(struct buffer *token, const char *algorithm, X509 *certificate)
{
	struct buffer	json = { 0 }, thumbprint = { 0 };
	unsigned char	digest[EVP_MAX_MD_SIZE];
	unsigned	len;

	if (X509_digest(certificate, EVP_sha256(), digest, &len) != 1)
		return false;
	base64url_encode(&thumbprint, digest, len);
	add_member(&json, "alg", algorithm);
	add_member(&json, "typ", "JWT");
	add_member(&json, "x5t#S256", thumbprint.data);
	add_part(token, &json);
	buffer_free(&thumbprint);
	return true;
}

static void
add_claims(struct buffer *token, const struct assertion *a)
{
	struct buffer	json = { 0 }, id = { 0 };
	int64_t		now = time(NULL);

	base64url_random(&id);
	add_member(&json, "iss", a->client_id);
	add_member(&json, "sub", a->client_id);
	add_member(&json, "aud", a->audience);
	add_member(&json, "jti", id.data);
	buffer_addf(&json, ",\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld",
	    (long long)now, (long long)now, (long long)now + VALID_S);
	add_part(token, &json);
	buffer_free(&id);
}

/* ES256 is two numbers of fixed length, not DER (RFC 7518 section 3.4). */
static bool
add_two_numbers(struct buffer *token, const unsigned char *der, size_t len)
{
	unsigned char	 raw[2 * P256_OCTETS];
	const BIGNUM	*r, *s;
	ECDSA_SIG	*signature = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool		 good = false;

	if (signature != NULL) {
		ECDSA_SIG_get0(signature, &r, &s);
		good = BN_bn2binpad(r, raw, P256_OCTETS) == P256_OCTETS &&
		    BN_bn2binpad(s, raw + P256_OCTETS, P256_OCTETS) ==
		    P256_OCTETS;
	}
	if (good)
		base64url_encode(token, raw, sizeof(raw));
	ECDSA_SIG_free(signature);
	return good;
}

static bool
add_signature(struct buffer *token, EVP_PKEY *key, bool is_rsa)
{
	EVP_MD_CTX	*md = EVP_MD_CTX_new();
	EVP_PKEY_CTX	*pkey;			/* owned by md */
	unsigned char	*signature = NULL;
	size_t		 len = 0, signed_len = token->len;
	bool		 good;

	good = md != NULL && EVP_DigestSignInit(md, &pkey, EVP_sha256(), NULL,
	    key) == 1 && (!is_rsa || (EVP_PKEY_CTX_set_rsa_padding(pkey,
	    RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(
	    pkey, RSA_PSS_SALTLEN_DIGEST) == 1)) && EVP_DigestSign(md, NULL,
	    &len, (const unsigned char *)token->data, signed_len) == 1;
	if (good) {
		signature = OPENSSL_malloc(len);
		good = signature != NULL && EVP_DigestSign(md, signature, &len,
		    (const unsigned char *)token->data, signed_len) == 1;
	}
	buffer_add_byte(token, '.');
	if (good && is_rsa)
		base64url_encode(token, signature, len);
	else if (good)
		good = add_two_numbers(token, signature, len);
	OPENSSL_free(signature);
	EVP_MD_CTX_free(md);
	return good;
}

static bool
sign(struct buffer *token, const struct assertion *a, EVP_PKEY *key,
    X509 *certificate, struct failure *why)
{
	const char	*algorithm = algorithm_of(key);

	if (algorithm == NULL)
		return failed(why, EX_CONFIG, "%s: the key must be RSA with at "
		    "least %d bits, or on the curve P-256", a->key_file,
		    RSA_BITS_MIN);
	if (X509_check_private_key(certificate, key) != 1)
		return failed(why, EX_CONFIG, "%s: this is not the certificate "
		    "of the key %s", a->certificate_file, a->key_file);
	if (!add_header(token, algorithm, certificate))
		return failed(why, EX_SOFTWARE, "%s: no digest",
		    a->certificate_file);
	buffer_add_byte(token, '.');
	add_claims(token, a);
	return add_signature(token, key, algorithm[0] == 'P') ||
	    failed(why, EX_SOFTWARE, "%s: cannot sign", a->key_file);
}

bool
assertion_make(struct buffer *token, const struct assertion *a,
    struct failure *why)
{
	EVP_PKEY	*key = read_key(a->key_file, why);
	X509		*certificate = NULL;
	bool		 good = false;

	if (key != NULL)
		certificate = read_certificate(a->certificate_file, why);
	if (certificate != NULL)
		good = sign(token, a, key, certificate, why);
	if (!good)
		buffer_wipe(token);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return good;
}
