/*
 * discover.h - find the smarthost for an address
 *
 * In this order: the table of providers by mail domain; the table by the hosts
 * in the MX records of the domain; the SRV records _submissions._tcp and
 * _submission._tcp (RFC 6186, RFC 8314); common host names that accept
 * connections.  DNS replies can be forged, so a person must confirm the result
 * before a password is sent to the host.
 */
#ifndef SETUP_DISCOVER_H
#define SETUP_DISCOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "setup/provider.h"
#include "util/failure.h"

struct discovery {
	char			 smarthost[320];	/* a URL */
	char			 reason[400];	/* "the SRV record ..." */
	const struct provider	*provider;	/* of the table, or NULL */
};

/*
 * Searches for at most timeout_ms, in a process of its own, because the
 * resolver of libc can wait for a server without a limit.  False with why, if
 * nothing is found: EX_NOHOST and where it was looked for, or EX_TEMPFAIL and
 * what could not be looked up or did not answer in time.
 */
bool	discover(struct discovery *, const struct provider_table *,
	    const char *domain, int64_t timeout_ms, struct failure *why);

#endif
