/*
 * resolve.h - look up the addresses of a host name
 *
 * getaddrinfo(3) does not return before a name server has replied to the
 * queries for both families, and over TCP it waits without limit.  It is
 * therefore called in a thread, which is detached if it does not return in
 * time or if a signal arrives.  If it has not returned after half a second, the
 * families are also looked up separately, and the addresses of one family are
 * used if those of the other one do not follow within 50 ms (RFC 8305 section
 * 3).
 *
 * An address needs no lookup, and no thread.
 */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "net/connect.h"
#include "util/failure.h"

enum {
	RESOLVE_MAX = 64,	/* addresses */
	RESOLVE_MS = 30 * 1000,	/* the limit of a lookup: two tries of
				 * three name servers in resolv.conf */
};

union resolved_address {
	struct sockaddr		any;
	struct sockaddr_in	in;
	struct sockaddr_in6	in6;
};

struct resolved {
	union resolved_address	address[RESOLVE_MAX];	/* in the order of
							 * getaddrinfo() */
	size_t			n;		/* at least one */
	bool			partial;	/* those of one family: the
						 * lookup of the other one
						 * failed or took too long */
};

socklen_t resolved_size(const union resolved_address *);

/*
 * Resolves the host name, which is not NULL, to addresses with the port.  Only
 * addresses of .family and of the family of .source, which must be an address,
 * are looked up.  Returns false with why as connect_to() does.
 */
bool	resolve(struct resolved *, const struct endpoint *,
	    const struct connect_options *, struct failure *why);

/*
 * Returns the number of threads that are still running.  Most of them end after
 * the timeouts of resolv.conf, but not those that wait for a reply over TCP: a
 * process that makes one attempt after another should end when there are many.
 */
unsigned resolve_threads(void);

#endif
