#include "net/tls_pin.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "net/tls_setting.h"
#include "util/base64.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/visible.h"

static const char prefix[] = "sha256//";

static bool
read_pin(unsigned char pin[TLS_PIN_SIZE], const char *text)
{
	struct buffer	octets = { 0 };
	bool		ok;

	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	ok = base64_decode(&octets, text, strlen(text)) &&
	    octets.len == TLS_PIN_SIZE;
	if (ok)
		memcpy(pin, octets.data, TLS_PIN_SIZE);
	buffer_free(&octets);
	return ok;
}

bool
tls_pins_read(struct tls_pins *pins, const char *const *texts,
    struct failure *why)
{
	char	shown[128];
	size_t	n = 0;

	while (texts != NULL && texts[n] != NULL)
		n++;
	if (n == 0)
		return true;
	pins->pin = memory_new(n, sizeof(*pins->pin));
	for (; pins->n < n; pins->n++)
		if (!read_pin(pins->pin[pins->n], texts[pins->n]))
			return tls_setting_failed(why, TLS_CAUSE_PIN,
			    "\"%s\" is not a SHA-256 digest in base64",
			    visible(shown, sizeof(shown), texts[pins->n],
			    strlen(texts[pins->n])));
	return true;
}

bool
tls_pins_match(const struct tls_pins *pins, X509 *x)
{
	unsigned char	 pin[TLS_PIN_SIZE];
	unsigned char	*der = NULL;
	int		 len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
	bool		 found = false;

	if (len > 0 && EVP_Digest(der, (size_t)len, pin, NULL, EVP_sha256(),
	    NULL) == 1)
		for (size_t i = 0; i < pins->n && !found; i++)
			found = memcmp(pins->pin[i], pin, sizeof(pin)) == 0;
	OPENSSL_free(der);
	return found;
}

void
tls_pins_free(struct tls_pins *pins)
{
	free(pins->pin);
	*pins = (struct tls_pins){ 0 };
}
