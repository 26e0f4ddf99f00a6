/*
 * tls_binding.h - the channel bindings of a TLS session
 */
#ifndef NET_TLS_BINDING_H
#define NET_TLS_BINDING_H

#include <stddef.h>

#include <openssl/ssl.h>

#include "net/tls.h"

/*
 * For a client's session that is established and was not resumed.  Returns the
 * length, or 0 if the session does not have this binding.
 */
size_t	tls_binding_compute(SSL *, enum tls_binding,
	    unsigned char out[TLS_BINDING_MAX]);

#endif
