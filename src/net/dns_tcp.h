/*
 * dns_tcp.h - ask the name servers over TCP, after a truncated reply over UDP
 *
 * The resolver of libc limits the time for a reply only over UDP: over TCP, a
 * name server that is silent or never ends its reply would stop the caller.
 */
#ifndef NET_DNS_TCP_H
#define NET_DNS_TCP_H

#include <resolv.h>
#include <stdint.h>

#include "util/failure.h"

struct dns_question {
	const char	*name;
	int		 type;
	int64_t		 timeout_ms;	/* for all name servers together */
};

/*
 * Asks the name servers of the state, one after the other.  Writes up to
 * DNS_ANSWER_MAX octets and returns the length of the first reply, or -1 with
 * why: EX_TEMPFAIL, and a text that names the last name server.
 */
int	dns_tcp_ask(unsigned char *answer, struct __res_state *,
	    const struct dns_question *, struct failure *why);

#endif
