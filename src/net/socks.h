/*
 * socks.h - connect to a host through a SOCKS5 proxy (RFC 1928, RFC 1929)
 *
 * The proxy resolves the name of the host.  Each request is sent after the
 * reply to the previous one, because some proxies, such as microsocks, discard
 * octets that they receive together with the first request.
 */
#ifndef NET_SOCKS_H
#define NET_SOCKS_H

#include <stdbool.h>

#include "net/connect.h"
#include "util/failure.h"

enum { SOCKS_NAME_MAX = 255 };	/* octets of a user, password or host */

/* All pointers are borrowed. */
struct socks_proxy {
	struct endpoint	 at;		/* .host is not NULL */
	const char	*user;		/* 1 to SOCKS_NAME_MAX octets; NULL: no
					 * authentication */
	const char	*password;	/* the same, if there is a user */
};

/*
 * The cause in struct failure.  CONNECT_CAUSE_FAMILY and CONNECT_CAUSE_SOURCE
 * concern the addresses of the proxy.
 */
enum socks_cause {
	SOCKS_CAUSE_PROXY = 300,	/* not reached, closes, or is silent */
	SOCKS_CAUSE_PROTOCOL,		/* does not speak SOCKS5 */
	SOCKS_CAUSE_NO_METHOD,		/* accepts no method of ours */
	SOCKS_CAUSE_LOGIN,		/* refuses the user or the password */
	SOCKS_CAUSE_RULES,		/* does not allow the connection */
	SOCKS_CAUSE_HOST,		/* cannot connect to the host */
};

/*
 * Returns a socket as connect_to() does; the next octet that is received from
 * it is the first one of the host.  The timeout applies to each address of the
 * proxy, and then to the dialogue with the proxy as a whole, which includes the
 * proxy's own attempt to connect.
 *
 * Returns -1 with why, which names neither the proxy nor the host: EX_CONFIG
 * also if the proxy refuses the user, the password or all methods, or if the
 * host cannot be requested; EX_PROTOCOL (SOCKS_CAUSE_PROTOCOL); EX_TEMPFAIL
 * also if the proxy does not connect.
 */
int	socks_connect(const struct socks_proxy *, const struct endpoint *host,
	    const struct connect_options *, struct failure *why);

/*
 * The dialogue of socks_connect() on a non-blocking socket that is connected to
 * the proxy.
 */
bool	socks_negotiate(int fd, const struct socks_proxy *,
	    const struct endpoint *host, const struct connect_options *,
	    struct failure *why);

#endif
