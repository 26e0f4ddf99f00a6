#include "net/tls_certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/tls_library.h"
#include "net/tls_setting.h"
#include "util/trusted.h"

/* The default callback of OpenSSL would ask on the terminal. */
static int
no_passphrase(char *to, int size, int writing, void *context)
{
	(void)to, (void)size, (void)writing, (void)context;
	return -1;
}

/* The first certificate is the client's; the others are its chain. */
static bool
use_chain(SSL_CTX *ctx, BIO *bio)
{
	X509	*x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
	bool	 ok = x != NULL && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	if (!ok)
		return false;
	while ((x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL)) != NULL)
		if (!SSL_CTX_add0_chain_cert(ctx, x)) {
			X509_free(x);
			return false;
		}
	/* At the end of the file, OpenSSL reports an error. */
	ERR_clear_error();
	return true;
}

static bool
use_certificate(SSL_CTX *ctx, const char *path, struct failure *why)
{
	struct buffer	 text = { 0 };
	BIO		*bio = NULL;
	bool		 ok = false;

	if (!tls_setting_read(&text, TLS_CAUSE_CERTIFICATE, path, 0, why))
		goto out;
	ERR_clear_error();
	bio = BIO_new_mem_buf(text.data, (int)text.len);
	ok = bio != NULL && use_chain(ctx, bio);
	if (!ok)
		tls_setting_failed(why, TLS_CAUSE_CERTIFICATE,
		    "%s contains no usable certificate: %s", path,
		    tls_library_reason());
out:
	BIO_free(bio);
	buffer_wipe(&text);
	return ok;
}

static bool
use_key(SSL_CTX *ctx, const struct buffer *text)
{
	BIO		*bio = BIO_new_mem_buf(text->data, (int)text->len);
	EVP_PKEY	*key = NULL;
	bool		 ok;

	ERR_clear_error();
	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	ok = key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok;
}

static bool
key_failed(const char *path, struct failure *why)
{
	unsigned long	error = ERR_peek_error();

	if (ERR_GET_LIB(error) == ERR_LIB_X509 &&
	    ERR_GET_REASON(error) == X509_R_KEY_VALUES_MISMATCH)
		return tls_setting_failed(why, TLS_CAUSE_KEY,
		    "the key in %s does not match the certificate", path);
	if (ERR_GET_LIB(ERR_peek_last_error()) == ERR_LIB_PEM &&
	    ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_BAD_PASSWORD_READ)
		return tls_setting_failed(why, TLS_CAUSE_KEY,
		    "the key in %s is encrypted; a key with a passphrase "
		    "cannot be used", path);
	return tls_setting_failed(why, TLS_CAUSE_KEY, "%s contains no usable "
	    "key: %s", path, tls_library_reason());
}

bool
tls_certificate_use(SSL_CTX *ctx, const char *certificate, const char *key,
    struct failure *why)
{
	struct buffer	text = { 0 };
	bool		ok = false;

	if (certificate == NULL)
		return tls_setting_failed(why, TLS_CAUSE_KEY, "the key %s has "
		    "no certificate", key);
	if (key == NULL)
		key = certificate;
	if (!use_certificate(ctx, certificate, why) ||
	    !tls_setting_read(&text, TLS_CAUSE_KEY, key, TRUSTED_SECRET, why))
		goto out;
	ok = use_key(ctx, &text);
	if (!ok)
		key_failed(key, why);
out:
	buffer_wipe(&text);
	return ok;
}
