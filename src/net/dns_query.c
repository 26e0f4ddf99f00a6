#include "net/dns_query.h"

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <sysexits.h>

enum {
	SECONDS = 4,		/* until a name server must answer */
	TRIES = 2,
};

bool
dns_parser_load(struct dns_parser *p, struct failure *why)
{
	void	*library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		library = RTLD_DEFAULT;
	/* POSIX guarantees this conversion; ISO C does not. */
	*(void **)&p->init = dlsym(library, "ns_initparse");
	*(void **)&p->record = dlsym(library, "ns_parserr");
	return (p->init != NULL && p->record != NULL) ||
	    failed(why, EX_UNAVAILABLE, "cannot load libresolv, which parses "
	    "the replies of name servers");
}

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

int
dns_query(unsigned char *answer, int type, const char *name,
    const struct sockaddr_in *server, struct failure *why)
{
	struct __res_state	state;
	int			len;

	memset(&state, 0, sizeof(state));
	if (res_ninit(&state) == -1) {
		failed(why, EX_TEMPFAIL, "cannot initialize the resolver");
		return -1;
	}
	state.retrans = SECONDS;
	state.retry = TRIES;
	if (server != NULL) {
		state.nsaddr_list[0] = *server;
		state.nscount = 1;
	}
	len = res_nquery(&state, name, ns_c_in, type, answer, DNS_ANSWER_MAX);
	if (len == -1)
		dns_no_records(state.res_h_errno, type, name, why);
	res_nclose(&state);
	return len > DNS_ANSWER_MAX ? DNS_ANSWER_MAX : len;
}
