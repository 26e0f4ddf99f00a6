/*
 * tls_pin.h - pins: SHA-256 digests of public keys
 *
 * A pin is the base64 text of the digest of a SubjectPublicKeyInfo (RFC 7469
 * section 2.4), with or without the prefix "sha256//".
 */
#ifndef NET_TLS_PIN_H
#define NET_TLS_PIN_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

#include "net/tls.h"
#include "util/failure.h"

enum { TLS_PIN_SIZE = 32 };

struct tls_pins {
	unsigned char	(*pin)[TLS_PIN_SIZE];	/* owned */
	size_t		  n;
};

/*
 * Reads a list of texts that ends with NULL; texts may be NULL.  EX_CONFIG if
 * a text is not a pin.
 */
bool	tls_pins_read(struct tls_pins *, const char *const *texts,
	    struct failure *why);

/* True if the key of the certificate matches a pin. */
bool	tls_pins_match(const struct tls_pins *, X509 *);

void	tls_pins_free(struct tls_pins *);

#endif
