#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/tls.h"
#include "support/tls_client.h"

static void
write_hex(char *to, const unsigned char *octets, size_t len)
{
	*to = '\0';
	for (size_t i = 0; i < len; i++)
		sprintf(to + 2 * i, "%02x", octets[i]);
}

struct digest_case {
	enum tls_digest	 digest;
	const char	*key;		/* NULL: no HMAC */
	const char	*salt;		/* NULL: no PBKDF2 */
	unsigned	 iterations;
	const char	*data;
	const char	*want;		/* "": refused */
};

static void
computes(void **state)
{
	const struct digest_case *c = *state;
	const struct tls_module	*m = tls_client_module();
	unsigned char		 out[TLS_DIGEST_MAX];
	char			 text[2 * TLS_DIGEST_MAX + 1];
	size_t			 n;

	if (c->salt != NULL)
		n = m->pbkdf2(c->digest, c->data, strlen(c->data), c->salt,
		    strlen(c->salt), c->iterations, out);
	else if (c->key != NULL)
		n = m->hmac(c->digest, c->key, strlen(c->key), c->data,
		    strlen(c->data), out);
	else
		n = m->digest(c->digest, c->data, strlen(c->data), out);
	write_hex(text, out, n);
	assert_string_equal(text, c->want);
}

#define COMPUTES(sentence, ...) { .name = sentence, .test_func = computes, \
	.initial_state = &(struct digest_case){ __VA_ARGS__ } }

static const struct CMUnitTest digest_spec[] = {
	COMPUTES("MD5, RFC 1321 appendix A.5", TLS_MD5, NULL, NULL, 0,
	    "message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
	COMPUTES("SHA-1, RFC 3174 section 7.3", TLS_SHA1, NULL, NULL, 0,
	    "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
	COMPUTES("SHA-256, RFC 6234 section 8.5", TLS_SHA256, NULL, NULL, 0,
	    "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61"
	    "f20015ad"),
	COMPUTES("SHA-256 of an empty text", TLS_SHA256, NULL, NULL, 0, "",
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
	COMPUTES("HMAC-MD5, RFC 2202 section 2", TLS_MD5, "Jefe", NULL, 0,
	    "what do ya want for nothing?",
	    "750c783e6ab0b503eaa86e310a5db738"),
	COMPUTES("HMAC-SHA-1, RFC 2202 section 3", TLS_SHA1, "Jefe", NULL, 0,
	    "what do ya want for nothing?",
	    "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
	COMPUTES("HMAC-SHA-256, RFC 4231 section 4.3", TLS_SHA256, "Jefe",
	    NULL, 0, "what do ya want for nothing?",
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
	COMPUTES("HMAC with an empty key", TLS_SHA256, "", NULL, 0, "",
	    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
	COMPUTES("PBKDF2 with SHA-1, RFC 6070", TLS_SHA1, NULL, "salt", 4096,
	    "password", "4b007901b765489abead49d926f721d065a429c1"),
	COMPUTES("PBKDF2 with SHA-256, RFC 7914 section 11", TLS_SHA256, NULL,
	    "salt", 1, "passwd",
	    "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
	COMPUTES("zero iterations are refused", TLS_SHA256, NULL, "salt", 0,
	    "password", ""),
	COMPUTES("more iterations than OpenSSL can count are refused",
	    TLS_SHA256, NULL, "salt", UINT32_MAX, "password", ""),
};

int
main(void)
{
	return cmocka_run_group_tests_name("net/tls_digest", digest_spec,
	    NULL, NULL);
}
