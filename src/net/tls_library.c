#include "net/tls_library.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/*
 * openssl.cnf is read: it is where a system's rules for all its programs
 * stand.  At the end the process just leaves; tidying up would be for nothing.
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

	/* The words are tables that only those who failed need. */
	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS |
	    OPENSSL_INIT_LOAD_CRYPTO_STRINGS, NULL);
	words = ERR_reason_error_string(ERR_peek_error());
	return words != NULL ? words : "no reason given";
}
