/*
 * tls_client.h - blocking calls of the TLS module
 */
#ifndef SUPPORT_TLS_CLIENT_H
#define SUPPORT_TLS_CLIENT_H

#include "net/tls.h"

/* Do not return TLS_WANT_READ or TLS_WANT_WRITE; 20 s at most. */
enum tls_result tls_client_handshake(struct tls *, int fd, struct failure *);
enum tls_result tls_client_read(struct tls *, int fd, void *to, size_t room,
	    size_t *got, struct failure *);

/* Writes all octets. */
enum tls_result tls_client_write(struct tls *, int fd, const void *from,
	    size_t len, struct failure *);

/* The TLS module, which must exist. */
const struct tls_module *tls_client_module(void);

#endif
