#include "net/dns_tcp.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "net/connect.h"
#include "net/dns_query.h"
#include "net/stream.h"
#include "util/clock.h"

#if __RES >= 19991006	/* as in dns_query.c */

enum { QUERY_MAX = 512, IS_REPLY = 0x80 };

struct query {
	unsigned char	octets[QUERY_MAX];
	int		len;
	int64_t		timeout_ms;	/* for one name server */
};

struct server {
	char		host[INET6_ADDRSTRLEN + 20];	/* "fe80::1%eth0" */
	uint16_t	port;
};

static bool
find_server(struct server *s, const struct __res_state *state, int i)
{
	const struct sockaddr	*at =
				    (const void *)&state->nsaddr_list[i];
	socklen_t		 size = sizeof(state->nsaddr_list[i]);
	char			 port[8];

#ifdef __GLIBC__
	if (at->sa_family != AF_INET && state->_u._ext.nsaddrs[i] != NULL) {
		at = (const void *)state->_u._ext.nsaddrs[i];
		size = sizeof(*state->_u._ext.nsaddrs[i]);
	}
#endif
	if (getnameinfo(at, size, s->host, sizeof(s->host), port, sizeof(port),
	    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	s->port = (uint16_t)strtoimax(port, NULL, 10);
	return true;
}

/* Reads exactly len octets. */
static bool
read_octets(struct stream *s, unsigned char *to, size_t len,
    struct failure *why)
{
	while (len > 0) {
		const char	*data;
		ssize_t		 n = stream_peek(s, &data, why);

		if (n == 0)
			failed(why, EX_TEMPFAIL, "the server closed the "
			    "connection");
		if (n <= 0)
			return false;
		if ((size_t)n > len)
			n = (ssize_t)len;
		memcpy(to, data, (size_t)n);
		stream_consume(s, (size_t)n);
		to += n;
		len -= (size_t)n;
	}
	return true;
}

/* Before a message, its length is sent (RFC 1035 section 4.2.2). */
static int
exchange(unsigned char *answer, const struct query *q, struct stream *s,
    struct failure *why)
{
	const unsigned char	head[2] = { (unsigned char)(q->len >> 8),
				    (unsigned char)q->len };
	unsigned char		size[2];
	size_t			len;

	if (!stream_write(s, head, sizeof(head), why) ||
	    !stream_write(s, q->octets, (size_t)q->len, why) ||
	    !stream_flush(s, why) || !read_octets(s, size, sizeof(size), why))
		return -1;
	len = (size_t)size[0] << 8 | size[1];
	if (!read_octets(s, answer, len, why))
		return -1;
	/* The first two octets are the ID. */
	if (len < NS_HFIXEDSZ || memcmp(answer, q->octets, 2) != 0 ||
	    (answer[2] & IS_REPLY) == 0) {
		failed(why, EX_TEMPFAIL, "invalid reply");
		return -1;
	}
	return (int)len;
}

static int
ask_server(unsigned char *answer, const struct query *q,
    const struct server *at, struct failure *why)
{
	const struct endpoint		endpoint = { .host = at->host,
					    .port = at->port };
	const struct connect_options	options = {
		.timeout_ms = q->timeout_ms,
	};
	int64_t		end = clock_ms() + q->timeout_ms;
	struct stream	stream;
	int		fd = connect_to(&endpoint, &options, why);
	int64_t		left = end - clock_ms();
	int		len = -1;

	if (fd != -1) {
		stream_open(&stream, fd);
		stream_set_timeout(&stream, left > 0 ? left : 1);
		len = exchange(answer, q, &stream, why);
		stream_close(&stream);
	}
	if (len == -1 && clock_ms() >= end)
		failed(why, EX_TEMPFAIL, "the name server %s did not answer "
		    "over TCP within %g second%s", at->host,
		    (double)q->timeout_ms / 1000, q->timeout_ms == 1000 ?
		    "" : "s");
	else if (len == -1)
		failure_prefix(why, "name server %s, over TCP: ", at->host);
	why->status = EX_TEMPFAIL;
	return len;
}

int
dns_tcp_ask(unsigned char *answer, struct __res_state *state,
    const struct dns_question *question, struct failure *why)
{
	struct query	q;
	struct server	at;
	int		len = -1;

	failed(why, EX_TEMPFAIL, "no name server is configured");
	q.len = res_nmkquery(state, ns_o_query, question->name, ns_c_in,
	    question->type, NULL, 0, NULL, q.octets, sizeof(q.octets));
	if (q.len == -1) {
		failed(why, EX_TEMPFAIL, "cannot write the query");
		return -1;
	}
	for (int i = 0; len == -1 && i < state->nscount; i++) {
		q.timeout_ms = question->timeout_ms / state->nscount;
		if (find_server(&at, state, i))
			len = ask_server(answer, &q, &at, why);
	}
	return len;
}

#endif
