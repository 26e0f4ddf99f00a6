/*
 * reach.h - connect to every address of a host, and measure the time
 *
 * For diagnosis: connect_to() uses the first address that accepts a connection
 * and reports nothing about the others.  All attempts run at the same time, so
 * that together they take no longer than the timeout.
 */
#ifndef NET_REACH_H
#define NET_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/connect.h"
#include "util/failure.h"

enum { REACH_MAX = 16 };

struct reach_attempt {
	char			 address[64];	/* without brackets */
	uint16_t		 port;
	struct sockaddr_storage	 to;
	socklen_t		 to_len;

	/* After reach_connect(). */
	int			 fd;		/* connected, or -1 */
	int			 error;		/* errno, if fd is -1 */
	bool			 no_source;	/* .error is that of the source
						 * address */
	int64_t			 ms;		/* the time that it took */
	int64_t			 began_ms;
};

struct reach {
	struct reach_attempt	attempt[REACH_MAX];
	size_t			n;
	size_t			left_out;	/* further addresses */
	bool			partial;	/* see net/resolve.h */
};

/*
 * Adds an attempt for each address of the host, in the resolver's order.
 * Returns false with why as connect_to() does if there is none.
 */
bool	reach_resolve(struct reach *, const struct endpoint *,
	    const struct connect_options *, struct failure *why);

/* Adds an attempt at another port of the address of an attempt. */
void	reach_add_port(struct reach *, const struct reach_attempt *,
	    uint16_t port);

/* Runs all attempts.  The caller closes the descriptors. */
void	reach_connect(struct reach *, const struct connect_options *);

/* Closes all descriptors that are not -1. */
void	reach_close(struct reach *);

#endif
