/*
 * certificate_fuzz.c - texts about the certificate of a server
 *
 * The first octet selects the error of the verification.  If it is less than
 * 128, the rest is a certificate in DER; otherwise, its names: for each, an
 * octet for the kind, one for the length, and the text.  The names and the
 * reason are visible text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

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

static void
add_alternative(GENERAL_NAMES *names, int kind, const uint8_t *text, int len)
{
	GENERAL_NAME	*name = GENERAL_NAME_new();
	ASN1_STRING	*value = ASN1_STRING_type_new(kind == GEN_IPADD ?
			    V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

	must(name != NULL && value != NULL &&
	    ASN1_STRING_set(value, text, len) == 1);
	GENERAL_NAME_set0_value(name, kind, value);
	must(sk_GENERAL_NAME_push(names, name) > 0);
}

/* OpenSSL knows few octets in DER that a fuzzer can change without a fault. */
static X509 *
make_certificate(const uint8_t *data, size_t len)
{
	static const int	kinds[] = { NID_commonName,
				    NID_organizationName, NID_countryName };
	static const int	strings[] = { V_ASN1_UTF8STRING,
				    V_ASN1_PRINTABLESTRING, V_ASN1_BMPSTRING,
				    V_ASN1_T61STRING, V_ASN1_UNIVERSALSTRING,
				    V_ASN1_OCTET_STRING };
	X509			*x = X509_new();
	GENERAL_NAMES		*names = GENERAL_NAMES_new();

	must(x != NULL && names != NULL);
	while (len > 2) {
		uint8_t	kind = data[0];
		size_t	n = data[1] < len - 2 ? data[1] : len - 2;

		data += 2;
		if (kind < 64)
			add_alternative(names, kind % 4 == 0 ? GEN_IPADD :
			    kind % 4 == 1 ? GEN_EMAIL : GEN_DNS, data, (int)n);
		else
			/* Not if the text is invalid in this type. */
			X509_NAME_add_entry_by_NID(kind < 192 ?
			    X509_get_subject_name(x) : X509_get_issuer_name(x),
			    kinds[kind % 3], strings[kind / 3 % 6], data,
			    (int)n, -1, kind % 2);
		data += n;
		len -= n + 2;
	}
	if (sk_GENERAL_NAME_num(names) > 0)
		X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0);
	GENERAL_NAMES_free(names);
	return x;
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
	x = data[0] < 128 ? d2i_X509(NULL, &der, (long)len - 1) :
	    make_certificate(data + 1, len - 1);
	if (x != NULL) {
		check_names(x);
		check_refusal(x, errors[data[0] %
		    (sizeof(errors) / sizeof(*errors))]);
	}
	X509_free(x);
	ERR_clear_error();
	return 0;
}
