/*
 * tls_wire.h - a BIO for the socket of a session
 *
 * Unlike OpenSSL's own socket BIO it never raises SIGPIPE, and it keeps the
 * first octets that were received, so that an error can quote a server that
 * does not speak TLS.  It also limits the input of each call of OpenSSL, and
 * then reports that no more has arrived.  Otherwise, a server that sends only
 * records without data, such as key updates, could keep a call from returning,
 * and the caller could not check its deadline.
 */
#ifndef NET_TLS_WIRE_H
#define NET_TLS_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

struct tls_wire {
	int		 fd;		/* owned by the caller */
	int		 error;		/* errno of the last failure, or 0 */
	bool		 eof;
	size_t		 sent;		/* octets */
	size_t		 taken;		/* octets of input in this call */
	char		 first[80];	/* received octets */
	size_t		 first_len;
	BIO_METHOD	*method;
};

/* Connects the session to fd; the wire must outlive it. */
bool	tls_wire_attach(struct tls_wire *, SSL *, int fd);

/* To be called before each call of OpenSSL that can read. */
void	tls_wire_begin_call(struct tls_wire *);

/* True if the first received octets are not a TLS record. */
bool	tls_wire_is_plaintext(const struct tls_wire *);

/* To be called after SSL_free(). */
void	tls_wire_free(struct tls_wire *);

#endif
