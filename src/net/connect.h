/*
 * connect.h - resolve a host name and connect to one of its addresses
 *
 * The attempts are staggered (RFC 8305): address families alternate, beginning
 * with that of the resolver's first address; each attempt starts 250 ms after
 * the previous one, or as soon as that has failed.  The first connection is
 * used and the others are closed.  At most sixteen addresses are tried.
 *
 * The addresses are looked up before the first attempt (net/resolve.h).
 */
#ifndef NET_CONNECT_H
#define NET_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "util/failure.h"

struct interrupt;

struct endpoint {
	const char	*host;		/* name or IP literal, no brackets;
					 * NULL: a Unix socket */
	const char	*path;		/* the Unix socket */
	uint16_t	 port;
};

struct connect_options {
	int		 family;	/* AF_UNSPEC, AF_INET, AF_INET6 */
	const char	*source;	/* local address, or NULL; addresses of
					 * another family are neither looked up
					 * nor tried */
	int64_t		 timeout_ms;	/* for each address; 0: none */
	int64_t		 resolve_ms;	/* for the lookup of the addresses, at
					 * most RESOLVE_MS; 0: RESOLVE_MS */
	struct interrupt *interrupt;	/* ends the attempts; or NULL */

	/* Called once, after the first attempt has started; or NULL. */
	void		(*meanwhile)(void *context);
	void		*context;
};

/* The cause in struct failure; 0 after a signal. */
enum connect_cause {
	CONNECT_CAUSE_UNREACHABLE = 200,	/* not resolved or connected */
	CONNECT_CAUSE_FAMILY,		/* the host has no address of .family */
	CONNECT_CAUSE_SOURCE,		/* .source is unusable for the host */
};

/*
 * Returns a connected, non-blocking, close-on-exec socket with TCP_NODELAY, or
 * -1 with why: EX_NOHOST (the name does not exist or has no address of the
 * family), EX_TEMPFAIL (the resolver or all attempts failed, or a signal),
 * EX_CONFIG (the source address is not an address of this machine, or the host
 * has no address of its family).  The text does not contain the host name or
 * the path, which the caller inserts before it.  If the host name has several
 * addresses, the text gives the reason for each of up to four.
 */
int	connect_to(const struct endpoint *, const struct connect_options *,
	    struct failure *why);

/* True if the peer is on this host: a loopback address or a Unix socket. */
bool	connect_is_local(int fd);

#endif
