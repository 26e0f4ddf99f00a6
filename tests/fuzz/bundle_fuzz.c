/*
 * bundle_fuzz.c - certificates of authorities in PEM form, and pins
 *
 * After 'p', the rest is a pin.  Otherwise, the certificates that OpenSSL reads
 * from the text are loaded from its index, which can only be stricter.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "fuzz/must.h"
#include "net/tls_bundle.h"
#include "net/tls_pin.h"
#include "util/memory.h"

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
fuzz_pin(const char *text, size_t len)
{
	char			*pin = memory_copy_n(text, len);
	const char *const	 list[] = { pin, pin, NULL };
	struct tls_pins		 pins = { 0 };
	struct failure		 why;

	if (tls_pins_read(&pins, list, &why))
		must(pins.n == 2 && memcmp(pins.pin[0], pins.pin[1],
		    TLS_PIN_SIZE) == 0);
	else
		must(why.status == EX_CONFIG);
	tls_pins_free(&pins);
	free(pin);
}

/* A passphrase would be asked for on the terminal. */
static int
no_passphrase(char *to, int size, int writing, void *context)
{
	(void)to, (void)size, (void)writing, (void)context;
	return -1;
}

static void
fuzz_bundle(const uint8_t *data, size_t len)
{
	struct tls_bundle	 bundle = { .n = 0 };
	struct buffer		 text = { 0 };
	X509_STORE		*store = X509_STORE_new();
	BIO			*bio = BIO_new_mem_buf(data, (int)len);
	bool			 found;
	X509			*x;

	must(store != NULL && bio != NULL);
	buffer_add(&text, data, len);
	found = tls_bundle_index(&bundle, &text);
	must(found == (bundle.n > 0) && found == (text.data == NULL));
	while ((x = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL)) !=
	    NULL) {
		tls_bundle_load(&bundle, store, x);
		X509_free(x);
	}
	must((size_t)sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) <=
	    bundle.n);
	ERR_clear_error();
	BIO_free(bio);
	X509_STORE_free(store);
	tls_bundle_free(&bundle);
	buffer_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] == 'p')
		fuzz_pin((const char *)data + 1, len - 1);
	else
		fuzz_bundle(data, len);
	return 0;
}
