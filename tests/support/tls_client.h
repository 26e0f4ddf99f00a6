/*
 * tls_client.h - the module's calls, as one that waits would make them
 */
#ifndef SUPPORT_TLS_CLIENT_H
#define SUPPORT_TLS_CLIENT_H

#include "net/tls.h"

/* Never TLS_WANT_READ or TLS_WANT_WRITE; fails the test after 20 s. */
enum tls_result tls_client_handshake(struct tls *, int fd, struct failure *);
enum tls_result tls_client_read(struct tls *, int fd, void *to, size_t room,
	    size_t *got, struct failure *);

/* All of it. */
enum tls_result tls_client_write(struct tls *, int fd, const void *from,
	    size_t len, struct failure *);

/* The module, which must be there. */
const struct tls_module *tls_client_module(void);

#endif
