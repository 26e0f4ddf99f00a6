/*
 * sender_policy.h - whether the SPF record of the sender's domain covers the
 * smarthost (RFC 7208), and what its DMARC record asks for (RFC 7489)
 *
 * The addresses from which a smarthost sends are not known for certain.  A
 * warning is reported only if
 *	- the domain does not exist in the DNS,
 *	- its SPF record says that it sends no mail ("v=spf1 -all"), or
 *	- the provider of the smarthost publishes a record to include, and the
 *	  SPF record, followed to its end, neither includes that nor covers the
 *	  addresses of the smarthost.
 * If a name server does not reply, nothing is reported.
 */
#ifndef CHECK_SENDER_POLICY_H
#define CHECK_SENDER_POLICY_H

#include "check/check.h"
#include "config/smarthost.h"
#include "net/reach.h"

/* A server that accepted a connection. */
struct sender_policy_server {
	const struct smarthost_url	*smarthost;
	const struct reach		*addresses;
	/* The object of the findings, which belong to CHECK_MAIL. */
	const char			*object;
};

void	sender_policy_check(struct check *, const struct check_target *,
	    const struct sender_policy_server *);

#endif
