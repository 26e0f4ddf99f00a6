/*
 * dns.h - a name server on loopback with a few records
 *
 * A process of its own, which ends with the test program.  UDP only: after a
 * truncated reply, a test can offer TCP with mock_smtp_start().
 */
#ifndef SUPPORT_DNS_H
#define SUPPORT_DNS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { DNS_A = 1, DNS_CNAME = 5, DNS_MX = 15, DNS_TXT = 16,
	DNS_AAAA = 28, DNS_SRV = 33 };

/* Instead of a correct reply. */
enum dns_flaw {
	DNS_CORRECT,
	DNS_SILENT,		/* no reply */
	DNS_WRONG_ID,		/* the reply to another query */
	DNS_TRUNCATED,		/* no records, and the bit TC */
	DNS_FAILURE,		/* SERVFAIL */
	DNS_NO_NAME,		/* NXDOMAIN, only for this type */
	DNS_EMPTY,		/* no records */
};

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

	enum dns_flaw	 flaw;		/* of the reply with this record */
	unsigned	 after_ms;	/* the time until the reply is sent */
};

struct dns {
	pid_t			pid;
	struct sockaddr_in	address;	/* of the server */
};

/* port 0: chosen by the kernel.  The table must outlive the server. */
void	dns_start(struct dns *, const struct dns_record *, uint16_t port);
void	dns_stop(struct dns *);

#endif
