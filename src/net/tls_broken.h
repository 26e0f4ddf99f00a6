/*
 * tls_broken.h - say why a TLS connection broke
 */
#ifndef NET_TLS_BROKEN_H
#define NET_TLS_BROKEN_H

#include <stdbool.h>

#include "net/tls_wire.h"
#include "util/failure.h"

enum tls_phase { TLS_SHAKING, TLS_TALKING };

/*
 * From OpenSSL's error queue and what was seen on the wire.  own: we showed
 * a certificate.
 */
void	tls_broken(const struct tls_wire *, enum tls_phase, bool own,
	    struct failure *why);

/* The peer hung up without close_notify. */
bool	tls_broken_by_eof(const struct tls_wire *);

#endif
