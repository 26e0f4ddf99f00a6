#include "net/dns_query.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <sysexits.h>

#include "net/dns_tcp.h"

enum {
	SECONDS_MAX = 4,	/* until a name server must answer */
	TRIES = 2,
	UDP_MAX_MS = 20 * 1000,
	TCP_MAX_MS = 10 * 1000,
	IS_TRUNCATED = 0x82,	/* a reply, and the bit TC */
};

const char *
dns_type_name(int type)
{
	switch (type) {
	case ns_t_mx:
		return "MX";
	case ns_t_srv:
		return "SRV";
	default:
		return "TXT";
	}
}

bool
dns_no_records(int error, int type, const char *name, struct failure *why)
{
	switch (error) {
	case HOST_NOT_FOUND:
		failed(why, EX_NOHOST, "%s does not exist in the DNS", name);
		why->cause = DNS_CAUSE_NO_NAME;
		return false;
	case NO_DATA:
		return failed(why, EX_NOHOST, "%s has no %s record in the DNS",
		    name, dns_type_name(type));
	default:
		return failed(why, EX_TEMPFAIL, "cannot look up the %s records "
		    "of %s: no reply from a name server", dns_type_name(type),
		    name);
	}
}

/*
 * Since this version of the interface, the caller has the state of the resolver.
 * musl has an older one.
 */
#if __RES >= 19991006

/* The h_errno of a reply with this header, or 0. */
static int
error_of(const unsigned char *answer)
{
	switch (answer[3] & 0xf) {
	case ns_r_noerror:
		return answer[6] != 0 || answer[7] != 0 ? 0 : NO_DATA;
	case ns_r_nxdomain:
		return HOST_NOT_FOUND;
	default:
		return TRY_AGAIN;
	}
}

/* As res_nquery(3), but also over TCP in a limited time. */
static int
ask(unsigned char *answer, struct __res_state *state,
    const struct dns_question *q, struct failure *why)
{
	bool	over_tcp = (state->options & RES_USEVC) != 0;
	int	len = -1, error;

	/* A truncated reply without records is an error to libc. */
	answer[2] = 0;
	state->options |= RES_IGNTC;
	if (!over_tcp) {
		len = res_nquery(state, q->name, ns_c_in, q->type, answer,
		    DNS_ANSWER_MAX);
		over_tcp = (answer[2] & IS_TRUNCATED) == IS_TRUNCATED;
	}
	if (!over_tcp) {
		if (len == -1)
			dns_no_records(state->res_h_errno, q->type, q->name,
			    why);
		return len;
	}
	len = dns_tcp_ask(answer, state, q, why);
	if (len == -1) {
		failure_prefix(why, "cannot look up the %s records of %s: ",
		    dns_type_name(q->type), q->name);
		return -1;
	}
	error = error_of(answer);
	return error == 0 || dns_no_records(error, q->type, q->name, why) ?
	    len : -1;
}

/*
 * Limits the time over UDP: the first try takes .retrans seconds for each name
 * server, and the second one twice this time for all of them.
 */
static void
limit_tries(struct __res_state *state, int64_t timeout_ms)
{
	int64_t	seconds = timeout_ms / 1000 / (state->nscount + 2);

	state->retry = TRIES;
	state->retrans = seconds < 1 ? 1 : seconds < SECONDS_MAX ?
	    (int)seconds : SECONDS_MAX;
}

int
dns_query(unsigned char *answer, int type, const char *name,
    const struct dns_options *options, struct failure *why)
{
	struct dns_question	q = { .name = name, .type = type,
				    .timeout_ms = TCP_MAX_MS };
	struct __res_state	state;
	int64_t			timeout_ms = UDP_MAX_MS;
	int			len;

	memset(&state, 0, sizeof(state));
	if (res_ninit(&state) == -1) {
		failed(why, EX_TEMPFAIL, "cannot initialize the resolver");
		return -1;
	}
	if (options != NULL && options->server.sin_family != AF_UNSPEC) {
		state.nsaddr_list[0] = options->server;
		state.nscount = 1;
	}
	if (options != NULL && options->timeout_ms > 0)
		timeout_ms = options->timeout_ms;
	limit_tries(&state, timeout_ms);
	if (timeout_ms < q.timeout_ms)
		q.timeout_ms = timeout_ms;
	len = ask(answer, &state, &q, why);
	res_nclose(&state);
	return len > DNS_ANSWER_MAX ? DNS_ANSWER_MAX : len;
}

#else

/*
 * musl reads resolv.conf at each query, asks all name servers at once, and
 * limits the time, also over TCP.
 */
int
dns_query(unsigned char *answer, int type, const char *name,
    const struct dns_options *options, struct failure *why)
{
	int	len = res_query(name, ns_c_in, type, answer, DNS_ANSWER_MAX);

	(void)options;
	if (len == -1)
		dns_no_records(h_errno, type, name, why);
	return len > DNS_ANSWER_MAX ? DNS_ANSWER_MAX : len;
}

#endif
