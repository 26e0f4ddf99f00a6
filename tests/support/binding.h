/*
 * binding.h - the channel binding of a TLS session, as the server computes it
 */
#ifndef SUPPORT_BINDING_H
#define SUPPORT_BINDING_H

#include <stddef.h>

struct ssl_st;

enum { BINDING_MAX = 64 };

/*
 * "tls-exporter" with TLS 1.3, "tls-unique" with TLS 1.2, and
 * "tls-server-end-point" for a certificate that is signed with SHA-256.
 * Returns the length, or 0 if the session does not have this binding.
 */
size_t	binding_of(struct ssl_st *, const char *type,
	    unsigned char out[BINDING_MAX]);

#endif
