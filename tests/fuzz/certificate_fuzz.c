/*
 * certificate_fuzz.c - texts about the certificate of a server
 *
 * The first octet selects the error of the verification.  The rest is a
 * certificate in DER.  Its names and the reason are visible text
 * in which the pin of its key does not appear.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "fuzz/must.h"
#include "net/tls_names.h"
#include "net/tls_refusal.h"
#include "util/text.h"
#include "util/visible.h"

static void
must_be_visible(const char *text)
{
	size_t	left = strlen(text), n;

	for (; left > 0; text += n, left -= n) {
		uint32_t	c;

		n = text_decode_utf8(text, left, &c);
		must(n > 0 && visible_is_safe(c));
	}
}

static void
check_names(X509 *x)
{
	char	subject[180], names[300], few[40];

	tls_name_text(subject, sizeof(subject), X509_get_subject_name(x));
	must_be_visible(subject);
	must((tls_names_text(names, sizeof(names), x) == 0) ==
	    (names[0] == '\0'));
	must_be_visible(names);
	tls_names_text(few, sizeof(few), x);
	must_be_visible(few);
}

static void
check_refusal(X509 *x, int error)
{
	struct tls_verify	 v = { .name = (char []){ "mail.example" } };
	X509_STORE		*store = X509_STORE_new();
	X509_STORE_CTX		*chain = X509_STORE_CTX_new();
	struct failure		 why = { .status = EX_OK };

	must(store != NULL && chain != NULL &&
	    X509_STORE_CTX_init(chain, store, x, NULL) == 1);
	X509_STORE_CTX_set_error(chain, error);
	X509_STORE_CTX_set_current_cert(chain, x);
	X509_STORE_CTX_set_error_depth(chain, error % 2);
	tls_refusal_by_chain(chain, &v, &why);
	must(why.status == EX_CONFIG);
	must_be_visible(why.text);
	tls_refusal_by_pin(x, &why);
	must(why.status == EX_CONFIG);
	must_be_visible(why.text);
	X509_STORE_CTX_free(chain);
	X509_STORE_free(store);
}

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int	errors[] = {
		X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID,
		X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
		X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
		X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
		X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_CERT_CHAIN_TOO_LONG,
		X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK,
		X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_INVALID_PURPOSE,
		X509_V_ERR_INVALID_CA, X509_V_ERR_CERT_REVOKED };
	const unsigned char	*der = data + 1;
	X509			*x;

	if (len == 0)
		return 0;
	x = d2i_X509(NULL, &der, (long)len - 1);
	if (x != NULL) {
		check_names(x);
		check_refusal(x, errors[data[0] %
		    (sizeof(errors) / sizeof(*errors))]);
	}
	X509_free(x);
	ERR_clear_error();
	return 0;
}
