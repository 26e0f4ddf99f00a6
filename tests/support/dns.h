/*
 * dns.h - a name server on loopback that knows a handful of records
 *
 * It answers by UDP in a process of its own, and dies with the test program.
 */
#ifndef SUPPORT_DNS_H
#define SUPPORT_DNS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { DNS_A = 1, DNS_CNAME = 5, DNS_MX = 15, DNS_AAAA = 28, DNS_SRV = 33 };

struct dns_record {
	const char	*name;		/* NULL: the end of the table */
	int		 type;
	unsigned	 priority, weight, port;
	const char	*value;		/* a host, or an address */

	/* Instead of a well-formed record: what stands behind the question,
	 * and the number of answers that is claimed. */
	const void	*raw;
	size_t		 raw_len;
	unsigned	 claimed;
};

struct dns {
	pid_t			pid;
	struct sockaddr_in	address;	/* to ask at */
};

/* port 0: the kernel chooses.  The table must outlive it. */
void	dns_start(struct dns *, const struct dns_record *, uint16_t port);
void	dns_stop(struct dns *);

#endif
