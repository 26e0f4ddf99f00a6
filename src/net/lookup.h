/*
 * lookup.h - the hosts that a domain names for a service, by DNS
 *
 * SRV records (RFC 2782, as RFC 6186 and RFC 8314 use them for submission)
 * and MX records (RFC 5321 section 5.1).  An answer comes from whoever can
 * send a packet: it is parsed within its bounds, at most LOOKUP_MAX hosts of
 * it are kept, and names that are no host names are left out.  Nobody should
 * take a host for trustworthy because it stands here.
 */
#ifndef NET_LOOKUP_H
#define NET_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/failure.h"

struct sockaddr_in;

enum { LOOKUP_MAX = 16, LOOKUP_NAME = 256 };

enum lookup_type { LOOKUP_TYPE_MX = 15, LOOKUP_TYPE_SRV = 33 };

struct lookup_target {
	char		host[LOOKUP_NAME];
	uint16_t	port;		/* 0 in an MX record */
	uint16_t	priority;	/* lowest first; MX calls it preference */
	uint16_t	weight;		/* share of what its equals get; 0 in an
					 * MX record */
};

struct lookup_targets {
	struct lookup_target	target[LOOKUP_MAX];	/* by priority */
	size_t			n;
	bool			none;	/* it is said that there is none: the
					 * root as a host (RFC 7505) */
};

/*
 * Asks for the name's records, and puts equals into the order of the dice.
 * False with why: EX_NOHOST (no such name, no such records, or .none),
 * EX_TEMPFAIL (no answer).  server: NULL, or whom to ask instead of the
 * system's resolvers.
 */
bool	lookup(struct lookup_targets *, enum lookup_type, const char *name,
	    const struct sockaddr_in *server, struct failure *why);

/* An answer's records, by priority; false if it is malformed. */
bool	lookup_parse(struct lookup_targets *, enum lookup_type,
	    const unsigned char *answer, size_t len);

#endif
