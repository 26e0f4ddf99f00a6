/*
 * connect.h - from the name of a host to a connected socket
 *
 * Resolves, then tries the addresses staggered (RFC 8305): the families take
 * turns, beginning with that of the resolver's first address; the next one
 * starts 250 ms after the last, or as soon as that has failed; the first that
 * answers wins, and the others are closed.  Of a name with very many
 * addresses sixteen are tried.
 *
 * The resolver is asked for both families at once and waited for: a name
 * server that keeps one of the answers back costs what resolv.conf allows.
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
	const char	*source;	/* address to come from, or NULL; those
					 * of another family are left out */
	int64_t		 timeout_ms;	/* for each address; 0: none */
	struct interrupt *interrupt;	/* ends the attempts; or NULL */

	/* Called once, when the first attempt is under way, or NULL. */
	void		(*meanwhile)(void *context);
	void		*context;
};

/*
 * A connected, non-blocking, close-on-exec socket with TCP_NODELAY, or -1
 * with why: EX_NOHOST (the name does not exist, or has no address of the
 * family), EX_TEMPFAIL (resolver trouble, nobody answers, a signal), EX_CONFIG
 * (source address not ours, or of another family than all others).  Where
 * addresses were tried in vain, each is named with its reason, up to four of
 * them.
 */
int	connect_to(const struct endpoint *, const struct connect_options *,
	    struct failure *why);

/* The peer, by its address, is this machine: loopback, or a Unix socket. */
bool	connect_is_local(int fd);

#endif
