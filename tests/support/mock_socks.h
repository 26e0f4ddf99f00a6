/*
 * mock_socks.h - a scripted SOCKS5 proxy that records the requests
 *
 * A process of its own, with a process for each connection.  A zeroed struct
 * socks_script is a correct proxy on 127.0.0.1 that requires no authentication.
 * It connects to .host_port on this machine, whatever host is requested.
 */
#ifndef SUPPORT_MOCK_SOCKS_H
#define SUPPORT_MOCK_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"

/* The requests of a client, in their order. */
enum socks_round { SOCKS_METHODS, SOCKS_LOGIN, SOCKS_CONNECT, SOCKS_ROUNDS };

enum socks_sequel {
	SOCKS_GO_ON,
	SOCKS_CLOSE,		/* after the reply */
	SOCKS_HANG,		/* the client must close the connection */
};

struct socks_step {
	const char	*say;		/* NULL: the correct reply */
	size_t		 len;		/* of .say */
	enum socks_sequel then;
};

struct socks_script {
	const char	*address;	/* NULL: 127.0.0.1; or ::1 */
	const char	*user;		/* required, with .password; or NULL */
	const char	*password;
	bool		 dripping;	/* octet by octet, 1 ms apart */
	bool		 early;		/* the host's first octets are sent in
					 * the same segment as the reply */
	uint16_t	 host_port;	/* 0: the connection is the host, which
					 * sends "220 host" and CRLF */
	struct socks_step step[SOCKS_ROUNDS];
};

struct mock_socks {
	uint16_t	 port;
	struct mock_socks_private *own;
};

/* Never NULL: an error ends the test program. */
struct mock_socks *mock_socks_start(const struct socks_script *);

/* The requests of all connections so far, which the caller frees. */
void	mock_socks_requests(struct mock_socks *, struct buffer *);

void	mock_socks_stop(struct mock_socks *);	/* may be NULL */

#endif
