/*
 * tls_wire.h - OpenSSL's way to a socket that is not OpenSSL's
 *
 * Unlike OpenSSL's own it never raises SIGPIPE, and it keeps the first octets
 * that came, so that a server which does not speak TLS can be recognised by
 * what it says instead.
 */
#ifndef NET_TLS_WIRE_H
#define NET_TLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

struct tls_wire {
	int		 fd;		/* the caller's */
	int		 error;		/* errno of the last failure, or 0 */
	bool		 eof;
	char		 first[80];	/* of what was received */
	size_t		 first_len;
	BIO_METHOD	*method;
};

/* Connects the session to fd; the wire must outlive it. */
bool	tls_wire_attach(struct tls_wire *, SSL *, int fd);

/* True if the peer has answered, and not with a TLS record. */
bool	tls_wire_is_plaintext(const struct tls_wire *);

void	tls_wire_free(struct tls_wire *);	/* after SSL_free() */

#endif
