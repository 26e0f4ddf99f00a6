#include "net/lookup.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "net/dns_parser.h"
#include "net/dns_query.h"
#include "util/memory.h"
#include "util/text.h"

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

bool
lookup_parse(struct lookup_targets *t, enum lookup_type type,
    const unsigned char *answer, size_t len, struct failure *why)
{
	struct dns_parser	parser;
	ns_msg		m;
	ns_rr		record;

	*t = (struct lookup_targets){ .n = 0 };
	if (!dns_parser_load(&parser, why))
		return false;
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
	at = arc4random() % sum;	/* sum is small: hardly biased */
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

bool
lookup(struct lookup_targets *t, enum lookup_type type, const char *name,
    const struct dns_options *options, struct failure *why)
{
	unsigned char	*answer = memory_new(DNS_ANSWER_MAX, 1);
	int		 len = dns_query(answer, (int)type, name, options,
				    why);
	bool		 good = len != -1;

	if (good && !lookup_parse(t, type, answer, (size_t)len, why))
		good = failure_prefix(why, "cannot look up the %s records of "
		    "%s: ", dns_type_name((int)type), name);
	else if (good && t->n == 0 && t->none)
		good = failed(why, EX_NOHOST, "%s does not offer this service: "
		    "its %s record is \".\"", name, dns_type_name((int)type));
	else if (good && t->n == 0)
		good = dns_no_records(NO_DATA, (int)type, name, why);
	free(answer);
	if (good)
		shuffle_equals(t);
	return good;
}
