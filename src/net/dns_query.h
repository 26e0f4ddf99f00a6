/*
 * dns_query.h - ask a name server, for lookup.h and lookup_text.h
 */
#ifndef NET_DNS_QUERY_H
#define NET_DNS_QUERY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/failure.h"

struct dns_options {
	struct sockaddr_in	server;		/* if .sin_family is set: in
						 * place of the name servers of
						 * resolv.conf */
	int64_t			timeout_ms;	/* the limit over UDP, and that
						 * over TCP; 0: the largest */
};

enum { DNS_ANSWER_MAX = 65535 };

/*
 * Writes up to DNS_ANSWER_MAX octets and returns the length of the answer, or
 * -1 with why: EX_NOHOST if the name or the records do not exist, EX_TEMPFAIL
 * without a reply.  This takes at most half a minute, whatever the name servers
 * do; over UDP, at least a second for each try.  The options may be NULL.
 */
int	dns_query(unsigned char *answer, int type, const char *name,
	    const struct dns_options *, struct failure *why);

/* The cause in struct failure. */
enum dns_cause { DNS_CAUSE_NO_NAME = 300 };	/* the name does not exist */

/* Sets *why for h_errno and returns false. */
bool	dns_no_records(int error, int type, const char *name,
	    struct failure *why);

const char *dns_type_name(int type);	/* "MX" */

#endif
