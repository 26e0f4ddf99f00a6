/*
 * dns.h - a name server on loopback with a few records
 *
 * A process of its own, which ends with the test program.  UDP only.
 */
#ifndef SUPPORT_DNS_H
#define SUPPORT_DNS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { DNS_A = 1, DNS_CNAME = 5, DNS_MX = 15, DNS_TXT = 16,
	DNS_AAAA = 28, DNS_SRV = 33 };

struct dns_record {
	const char	*name;		/* NULL: the end of the table */
	int		 type;
	unsigned	 priority, weight, port;
	const char	*value;		/* a host, an address, or a text */

	/* In place of a well-formed record: the octets after the question,
	 * and the number of answers in the header. */
	const void	*raw;
	size_t		 raw_len;
	unsigned	 claimed;
};

struct dns {
	pid_t			pid;
	struct sockaddr_in	address;	/* of the server */
};

/* port 0: chosen by the kernel.  The table must outlive the server. */
void	dns_start(struct dns *, const struct dns_record *, uint16_t port);
void	dns_stop(struct dns *);

#endif
