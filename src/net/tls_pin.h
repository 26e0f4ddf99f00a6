/*
 * tls_pin.h - the pin of a key: SHA-256 over its SubjectPublicKeyInfo
 *
 * Written "sha256//" and base64, as RFC 7469 computes it; the prefix may be
 * left out where pins are read.
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

/* From NULL-terminated texts, or NULL; EX_CONFIG for one that is no pin. */
bool	tls_pins_read(struct tls_pins *, const char *const *texts,
	    struct failure *why);

/* True if the certificate's key is one of them. */
bool	tls_pins_match(const struct tls_pins *, X509 *);

void	tls_pins_free(struct tls_pins *);

#endif
