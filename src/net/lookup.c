#include "net/lookup.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/memory.h"

enum {
	ANSWER_MAX = 65535,
	HEADER_SIZE = 12,		/* RFC 1035 section 4.1.1 */
	QUESTION_SIZE = 4,		/* behind the name */
	RECORD_SIZE = 10,		/* behind the name, RFC 1035 section 3.2.1 */
	SECONDS = 4,		/* for a server to answer */
	TRIES = 2,
};

/* Where the parser is; it never leaves [begin, end). */
struct cursor {
	const unsigned char	*begin, *at, *end;
};

static unsigned
number(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static bool
skip_name(struct cursor *c)
{
	int	n = dn_skipname(c->at, c->end);

	if (n <= 0 || n > c->end - c->at)
		return false;
	c->at += n;
	return true;
}

static bool
skip(struct cursor *c, ptrdiff_t n)
{
	if (c->end - c->at < n)
		return false;
	c->at += n;
	return true;
}

static bool
is_host_name(const char *name)
{
	size_t	n = strspn(name, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && name[n] == '\0' && name[0] != '-' && name[0] != '.';
}

/* Among those of its priority the last; the worst leave when it is full. */
static void
insert(struct lookup_targets *t, const struct lookup_target *new)
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

/* The data of one record, which ends at end. */
static bool
take(struct lookup_targets *t, enum lookup_type type, const struct cursor *c,
    const unsigned char *end)
{
	struct lookup_target	 new = { .port = 0 };
	const unsigned char	*name = c->at;
	ptrdiff_t		 fixed = type == LOOKUP_TYPE_SRV ? 6 : 2;

	if (end - name <= fixed)
		return false;
	new.priority = (uint16_t)number(name);
	if (type == LOOKUP_TYPE_SRV) {
		new.weight = (uint16_t)number(name + 2);
		new.port = (uint16_t)number(name + 4);
	}
	if (dn_expand(c->begin, c->end, name + fixed, new.host,
	    sizeof(new.host)) == -1)
		return false;
	if (new.host[0] == '\0')
		t->none = true;
	else if (is_host_name(new.host) &&
	    (type == LOOKUP_TYPE_MX || new.port != 0))
		insert(t, &new);
	return true;
}

bool
lookup_parse(struct lookup_targets *t, enum lookup_type type,
    const unsigned char *answer, size_t len)
{
	struct cursor	c = { answer, answer, answer + len };
	unsigned	questions, answers;

	*t = (struct lookup_targets){ .n = 0 };
	if (!skip(&c, HEADER_SIZE))
		return false;
	questions = number(answer + 4);
	answers = number(answer + 6);
	while (questions-- > 0)
		if (!skip_name(&c) || !skip(&c, QUESTION_SIZE))
			return false;
	while (answers-- > 0) {
		const unsigned char	*record;
		ptrdiff_t		 size;

		if (!skip_name(&c) || !skip(&c, RECORD_SIZE))
			return false;
		record = c.at - RECORD_SIZE;
		size = (ptrdiff_t)number(record + 8);
		if (c.end - c.at < size)
			return false;
		if (number(record) == (unsigned)type &&
		    number(record + 2) == ns_c_in &&
		    !take(t, type, &c, c.at + size))
			return false;
		c.at += size;
	}
	return true;
}

static void
swap(struct lookup_target *a, struct lookup_target *b)
{
	struct lookup_target	c = *a;

	*a = *b;
	*b = c;
}

/* One of n equals, by weight (RFC 2782); one without weight seldom wins. */
static size_t
draw(const struct lookup_target *equals, size_t n)
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

static void
throw_dice(struct lookup_targets *t)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t	n = 1;

		while (i + n < t->n &&
		    t->target[i + n].priority == t->target[i].priority)
			n++;
		swap(&t->target[i], &t->target[i + draw(&t->target[i], n)]);
	}
}

static const char *
type_name(enum lookup_type type)
{
	return type == LOOKUP_TYPE_MX ? "MX" : "SRV";
}

static bool
no_answer(int error, enum lookup_type type, const char *name,
    struct failure *why)
{
	switch (error) {
	case HOST_NOT_FOUND:
		return failed(why, EX_NOHOST,
		    "the name %s does not exist in the DNS", name);
	case NO_DATA:
		return failed(why, EX_NOHOST, "the DNS has no %s record for "
		    "%s", type_name(type), name);
	default:
		return failed(why, EX_TEMPFAIL, "can't look up the %s records "
		    "of %s: no answer from the DNS", type_name(type), name);
	}
}

/* The length of the answer, or -1 with why. */
static int
ask(unsigned char *answer, enum lookup_type type, const char *name,
    const struct sockaddr_in *server, struct failure *why)
{
	struct __res_state	state;
	int			len;

	memset(&state, 0, sizeof(state));
	if (res_ninit(&state) == -1) {
		failed(why, EX_TEMPFAIL, "the resolver does not start");
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
		no_answer(state.res_h_errno, type, name, why);
	res_nclose(&state);
	return len > ANSWER_MAX ? ANSWER_MAX : len;
}

bool
lookup(struct lookup_targets *t, enum lookup_type type, const char *name,
    const struct sockaddr_in *server, struct failure *why)
{
	unsigned char	*answer = memory_new(ANSWER_MAX, 1);
	int		 len = ask(answer, type, name, server, why);
	bool		 good = len != -1;

	if (good && !lookup_parse(t, type, answer, (size_t)len))
		good = failed(why, EX_TEMPFAIL, "the DNS answers with a "
		    "malformed %s record for %s", type_name(type), name);
	else if (good && t->n == 0 && t->none)
		good = failed(why, EX_NOHOST, "%s says that it has no such "
		    "service (%s record \".\")", name, type_name(type));
	else if (good && t->n == 0)
		good = no_answer(NO_DATA, type, name, why);
	free(answer);
	if (good)
		throw_dice(t);
	return good;
}
