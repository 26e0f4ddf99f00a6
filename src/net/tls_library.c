#include "net/tls_library.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/*
 * Reads openssl.cnf, which contains the policy of the system.  The cleanup at
 * exit is omitted to save time.
 */
bool
tls_library_start(void)
{
	return OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT |
	    OPENSSL_INIT_LOAD_CONFIG, NULL) == 1;
}

const char *
tls_library_version(void)
{
	return OpenSSL_version(OPENSSL_VERSION);
}

const char *
tls_library_reason(void)
{
	const char	*words;

	/* The tables of error texts are loaded only after a failure. */
	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS |
	    OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	words = ERR_reason_error_string(ERR_peek_error());
	return words != NULL ? words : "unknown error";
}
