/*
 * lookup.h - look up the hosts that a domain names for a service in the DNS
 *
 * SRV records (RFC 2782, used for submission by RFC 6186 and RFC 8314) and MX
 * records (RFC 5321 section 5.1).  An answer is untrusted input: at most
 * LOOKUP_MAX hosts are kept, and names that are not valid host names are
 * ignored.  The presence of a host in the answer does not make it trustworthy.
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
	uint16_t	priority;	/* lowest first; in MX: preference */
	uint16_t	weight;		/* relative to the targets of the same
					 * priority; 0 in an MX record */
};

struct lookup_targets {
	struct lookup_target	target[LOOKUP_MAX];	/* by priority */
	size_t			n;
	bool			none;	/* the domain declares that there is no
					 * host: "." (RFC 7505) */
};

/*
 * Looks up the records of a name, and shuffles targets of equal priority by
 * weight.  Returns false with why: EX_NOHOST (the name or the records do not
 * exist, or .none), EX_TEMPFAIL (no answer, or a malformed one).  server:
 * the name server to ask, or NULL for those of the system.
 */
bool	lookup(struct lookup_targets *, enum lookup_type, const char *name,
	    const struct sockaddr_in *server, struct failure *why);

/*
 * Parses an answer; the targets are in the order of their priority.  Returns
 * false with why if the answer is malformed.
 */
bool	lookup_parse(struct lookup_targets *, enum lookup_type,
	    const unsigned char *answer, size_t len, struct failure *why);

#endif
