/*
 * tls_peer.h - a TLS server for one connection, in a process of its own
 *
 * It behaves as its form says, reads until the client closes the connection,
 * and reports through shared memory.
 */
#ifndef SUPPORT_TLS_PEER_H
#define SUPPORT_TLS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "support/binding.h"
#include "support/certificate.h"

struct ssl_st;

enum { TLS_PEER_CHAIN = 16 };

struct tls_peer_report {
	bool		accepted;	/* the handshake succeeded */
	bool		polite;		/* the client sent close_notify */
	size_t		received;	/* octets of application data */
	char		sni[256];
	char		protocol[16];
	unsigned char	exporter[BINDING_MAX];	/* tls-exporter */
	unsigned char	unique[BINDING_MAX];	/* tls-unique */
	size_t		unique_len;
	bool		certified;	/* the client sent a certificate */
};

struct tls_peer_form {
	const struct certificate *chain[TLS_PEER_CHAIN];	/* NULL ends */
	int		 min, max;	/* TLS1_2_VERSION ...; 0: any */
	bool		 no_ems;	/* no extended master secret */
	const void	*raw;		/* sent in place of TLS */
	size_t		 raw_len;
	bool		 deaf;		/* closes at once */
	const struct certificate *client_ca;	/* requires a certificate */

	/* After the handshake, or NULL. */
	void	(*serve)(struct ssl_st *, struct tls_peer_report *);
};

struct tls_peer {
	pid_t			 pid;
	int			 fd;	/* ours, non-blocking; owned */
	struct tls_peer_report	*report;
};

void	tls_peer_start(struct tls_peer *, const struct tls_peer_form *);

/* Closes our end and waits for the peer; the report stays valid. */
void	tls_peer_finish(struct tls_peer *);
void	tls_peer_free(struct tls_peer *);

#endif
