/*
 * tls_error.h - the reason why a handshake or a TLS session failed
 */
#ifndef NET_TLS_ERROR_H
#define NET_TLS_ERROR_H

#include <stdbool.h>

#include "net/tls.h"
#include "net/tls_wire.h"
#include "util/failure.h"

enum tls_phase { TLS_PHASE_HANDSHAKE, TLS_PHASE_SESSION };

/* What we have offered and required. */
struct tls_own {
	bool	certificate;	/* of the client */
	bool	only_1_3;
};

/* Sets *why from the error queue of OpenSSL and from the received octets. */
void	tls_error_report(const struct tls_wire *, enum tls_phase,
	    const struct tls_own *, struct failure *why);

/*
 * TLS_CAUSE_HELLO or TLS_CAUSE_LARGE_HELLO if a client hello was sent and the
 * server has sent nothing; otherwise 0.
 */
enum tls_cause tls_error_hello(const struct tls_wire *);

/* True if the server closed the connection without close_notify. */
bool	tls_error_is_eof(const struct tls_wire *);

#endif
