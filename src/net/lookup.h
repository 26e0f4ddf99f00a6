/*
 * lookup.h - look up the hosts of a domain in its SRV or MX records
 *
 * SRV: RFC 2782, for submission RFC 6186 and RFC 8314; MX: RFC 5321 section
 * 5.1.  A reply is untrusted input: at most LOOKUP_MAX hosts are kept, and
 * invalid host names are ignored.  The reply does not make a host trusted.
 */
#ifndef NET_LOOKUP_H
#define NET_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/failure.h"

struct dns_options;

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
	bool			none;	/* the record ".": the domain does not
					 * offer the service (RFC 7505) */
};

/*
 * Looks up the records of a name, and shuffles targets of equal priority by
 * weight.  Returns false with why, whose text contains the name: EX_NOHOST if
 * the name or the records do not exist, or if .none; EX_TEMPFAIL if there is no
 * reply, or a malformed one.  The options (net/dns_query.h) may be NULL.
 */
bool	lookup(struct lookup_targets *, enum lookup_type, const char *name,
	    const struct dns_options *, struct failure *why);

/*
 * Parses a reply; the targets are in the order of their priority.  Returns
 * false with why if the reply is malformed.
 */
bool	lookup_parse(struct lookup_targets *, enum lookup_type,
	    const unsigned char *answer, size_t len, struct failure *why);

#endif
