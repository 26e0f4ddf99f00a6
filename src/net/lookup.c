#include "net/lookup.h"

#include <arpa/nameser.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/memory.h"
#include "util/text.h"

enum {
	ANSWER_MAX = 65535,
	SECONDS = 4,		/* until a name server must answer */
	TRIES = 2,
};

/*
 * ns_initparse(3) and ns_parserr(3).  In glibc they are in libresolv, which
 * is not linked because every start would have to map it; in other systems
 * they are in libc.
 */
struct dns_parser {
	int	(*init)(const unsigned char *, int, ns_msg *);
	int	(*record)(ns_msg *, ns_sect, int, ns_rr *);
};

static bool
dns_parser_load(struct dns_parser *p)
{
	void	*library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		library = RTLD_DEFAULT;
	/* POSIX guarantees this conversion; ISO C does not. */
	*(void **)&p->init = dlsym(library, "ns_initparse");
	*(void **)&p->record = dlsym(library, "ns_parserr");
	return p->init != NULL && p->record != NULL;
}

/*
 * Inserts the target after those of the same priority; if the list is full, the
 * last one is dropped.
 */
static void
insert_target(struct lookup_targets *t, const struct lookup_target *new)
{
	size_t	at = t->n;

	while (at > 0 && t->target[at - 1].priority > new->priority)
		at--;
	if (at == LOOKUP_MAX)
		return;
	if (t->n < LOOKUP_MAX)
		t->n++;
	memmove(&t->target[at + 1], &t->target[at],
	    (t->n - at - 1) * sizeof(*new));
	t->target[at] = *new;
}

/* Adds the target of one record; false if the data is malformed. */
static bool
add_target(struct lookup_targets *t, enum lookup_type type, const ns_msg *m,
    const ns_rr *record)
{
	struct lookup_target	 new = { .port = 0 };
	const unsigned char	*data = ns_rr_rdata(*record);
	size_t			 fixed = type == LOOKUP_TYPE_SRV ? 6 : 2;

	if (ns_rr_rdlen(*record) <= fixed)
		return false;
	NS_GET16(new.priority, data);
	if (type == LOOKUP_TYPE_SRV) {
		NS_GET16(new.weight, data);
		NS_GET16(new.port, data);
	}
	if (dn_expand(ns_msg_base(*m), ns_msg_end(*m), data, new.host,
	    sizeof(new.host)) == -1)
		return false;
	if (new.host[0] == '\0')
		t->none = true;
	else if (text_is_host_name(new.host, strlen(new.host)) &&
	    (type == LOOKUP_TYPE_MX || new.port != 0))
		insert_target(t, &new);
	return true;
}

static const char *
type_name(enum lookup_type type)
{
	return type == LOOKUP_TYPE_MX ? "MX" : "SRV";
}

bool
lookup_parse(struct lookup_targets *t, enum lookup_type type,
    const unsigned char *answer, size_t len, struct failure *why)
{
	struct dns_parser	parser;
	ns_msg		m;
	ns_rr		record;

	*t = (struct lookup_targets){ .n = 0 };
	if (!dns_parser_load(&parser))
		return failed(why, EX_UNAVAILABLE, "cannot load libresolv, "
		    "which parses the replies of name servers");
	if (parser.init(answer, (int)len, &m) == -1)
		goto malformed;
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++) {
		if (parser.record(&m, ns_s_an, i, &record) == -1)
			goto malformed;
		if (ns_rr_type(record) == (ns_type)type &&
		    ns_rr_class(record) == ns_c_in &&
		    !add_target(t, type, &m, &record))
			goto malformed;
	}
	return true;
malformed:
	return failed(why, EX_TEMPFAIL, "malformed reply");
}

/*
 * Selects one of n targets of equal priority at random, in proportion to the
 * weights; a weight of 0 is selected rarely (RFC 2782).
 */
static size_t
select_by_weight(const struct lookup_target *equals, size_t n)
{
	uint32_t	sum = 0, at;

	for (size_t i = 0; i < n; i++)
		sum += 1 + (uint32_t)equals[i].weight * LOOKUP_MAX;
	at = arc4random_uniform(sum);
	for (size_t i = 0; i < n; i++) {
		uint32_t	share = 1 +
				    (uint32_t)equals[i].weight * LOOKUP_MAX;

		if (at < share)
			return i;
		at -= share;
	}
	return 0;
}

/* Puts targets of equal priority in a random order. */
static void
shuffle_equals(struct lookup_targets *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct lookup_target	*first = &t->target[i], *selected, copy;
		size_t			 n = 1;

		while (i + n < t->n && first[n].priority == first->priority)
			n++;
		selected = first + select_by_weight(first, n);
		copy = *first;
		*first = *selected;
		*selected = copy;
	}
}

static bool
no_records(int error, enum lookup_type type, const char *name,
    struct failure *why)
{
	switch (error) {
	case HOST_NOT_FOUND:
		return failed(why, EX_NOHOST,
		    "%s does not exist in the DNS", name);
	case NO_DATA:
		return failed(why, EX_NOHOST, "%s has no %s record in the DNS",
		    name, type_name(type));
	default:
		return failed(why, EX_TEMPFAIL, "cannot look up the %s records "
		    "of %s: no reply from a name server", type_name(type),
		    name);
	}
}

/* Returns the length of the answer, or -1 with why. */
static int
query_server(unsigned char *answer, enum lookup_type type, const char *name,
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
	len = res_nquery(&state, name, ns_c_in, (int)type, answer,
	    ANSWER_MAX);
	if (len == -1)
		no_records(state.res_h_errno, type, name, why);
	res_nclose(&state);
	return len > ANSWER_MAX ? ANSWER_MAX : len;
}

bool
lookup(struct lookup_targets *t, enum lookup_type type, const char *name,
    const struct sockaddr_in *server, struct failure *why)
{
	unsigned char	*answer = memory_new(ANSWER_MAX, 1);
	int		 len = query_server(answer, type, name, server, why);
	bool		 good = len != -1;

	if (good && !lookup_parse(t, type, answer, (size_t)len, why))
		good = failure_prefix(why, "cannot look up the %s records of "
		    "%s: ", type_name(type), name);
	else if (good && t->n == 0 && t->none)
		good = failed(why, EX_NOHOST, "%s does not offer this service: "
		    "its %s record is \".\"", name, type_name(type));
	else if (good && t->n == 0)
		good = no_records(NO_DATA, type, name, why);
	free(answer);
	if (good)
		shuffle_equals(t);
	return good;
}
