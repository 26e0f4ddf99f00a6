#include "net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/interrupt.h"
#include "util/memory.h"

enum {
	APART_MS = 500,			/* until the families are separated */
	RESOLUTION_DELAY_MS = 50,	/* RFC 8305 section 8 */
};

/* All families that are permitted; after a while, each of them. */
enum part { WHOLE, FOUR, SIX, PARTS };

/* One call of getaddrinfo(). */
struct call {
	struct search	*search;
	int		 family;
	pthread_t	 thread;
	bool		 has_thread;

	/* The result, after .done is set. */
	atomic_bool	 done;
	int		 error;		/* EAI_AGAIN ...; 0: success */
	int		 system;	/* errno if EAI_SYSTEM */
	struct resolved	 found;
};

/*
 * The process and the threads use it; the last of them frees it.  It has no
 * mutex, whose functions would have to be found at each start: this saves
 * 11,000 of 478,000 instructions.
 */
struct search {
	atomic_uint	 users;
	char		*host;
	char		 port[8];
	int64_t		 limit_ms;
	int		 wake[2];	/* a pipe: an octet for each result */
	struct call	 call[PARTS];
};

/* The threads of the whole process, so this is not in a struct. */
static atomic_uint	running;

unsigned
resolve_threads(void)
{
	return atomic_load(&running);
}

socklen_t
resolved_size(const union resolved_address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof(a->in6) : sizeof(a->in);
}

static bool
has_address(const struct resolved *r, const struct addrinfo *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (memcmp(&r->address[i], a->ai_addr, a->ai_addrlen) == 0)
			return true;
	return false;
}

/*
 * Copies and frees the list of getaddrinfo(), which contains an address twice
 * if the hosts file gives the name localhost to both 127.0.0.1 and ::1, and
 * only IPv4 was requested.
 */
static void
take_list(struct resolved *r, struct addrinfo *list)
{
	for (const struct addrinfo *a = list; a != NULL && r->n < RESOLVE_MAX;
	    a = a->ai_next)
		if (a->ai_addrlen <= sizeof(r->address[0]) &&
		    !has_address(r, a))
			memcpy(&r->address[r->n++], a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
}

static int
get_addresses(struct resolved *r, const char *host, const char *port,
    const struct addrinfo *hints)
{
	struct addrinfo	*list;
	int		 error = getaddrinfo(host, port, hints, &list);

	if (error == 0)
		take_list(r, list);
	return error;
}

static struct addrinfo
hints_for(int family, int flags)
{
	return (struct addrinfo){ .ai_family = family,
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | flags };
}

static bool
fail_family(int family, struct failure *why)
{
	failed(why, EX_NOHOST, family == AF_INET ?
	    "the host has no IPv4 address" : family == AF_INET6 ?
	    "the host has no IPv6 address" : "the host has no address");
	if (family != AF_UNSPEC)
		why->cause = CONNECT_CAUSE_FAMILY;
	return false;
}

static bool
fail_call(int error, int family, struct failure *why)
{
	switch (error) {
	case EAI_NONAME:
		return failed(why, EX_NOHOST, "the host name does not exist "
		    "in the DNS");
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
	case EAI_NODATA:
#endif
#ifdef EAI_ADDRFAMILY
	case EAI_ADDRFAMILY:
#endif
		return fail_family(family, why);
	case EAI_SYSTEM:
		return failed_errno(why, EX_TEMPFAIL, "cannot resolve the "
		    "host name");
	default:
		return failed(why, EX_TEMPFAIL, "cannot resolve the host "
		    "name: %s", gai_strerror(error));
	}
}

/*
 * Threads
 */

static void
leave_search(struct search *s)
{
	if (atomic_fetch_sub(&s->users, 1) > 1)
		return;
	close(s->wake[0]);
	close(s->wake[1]);
	free(s->host);
	free(s);
}

static void *
run_call(void *context)
{
	struct call		*c = context;
	struct search		*s = c->search;
	const struct addrinfo	 hints = hints_for(c->family, 0);

	c->error = get_addresses(&c->found, s->host, s->port, &hints);
	c->system = errno;
	atomic_store(&c->done, true);
	/* The pipe has room for all results. */
	(void)!write(s->wake[1], "", 1);
	leave_search(s);
	atomic_fetch_sub(&running, 1);
	return NULL;
}

/*
 * If the user has too many processes for another thread, the mail still has to
 * leave.
 */
static void
start_call(struct search *s, enum part part, int family)
{
	struct call	*c = &s->call[part];

	c->search = s;
	c->family = family;
	atomic_fetch_add(&s->users, 1);
	atomic_fetch_add(&running, 1);
	c->has_thread = pthread_create(&c->thread, NULL, run_call, c) == 0;
	if (!c->has_thread)
		run_call(c);
}

static struct search *
begin_search(const struct endpoint *where,
    const struct connect_options *options, struct failure *why)
{
	struct search	*s = memory_new(1, sizeof(*s));

	if (pipe2(s->wake, O_CLOEXEC | O_NONBLOCK) == -1) {
		failed_errno(why, EX_TEMPFAIL, "cannot resolve the host name");
		free(s);
		return NULL;
	}
	atomic_init(&s->users, 1);
	s->limit_ms = options->resolve_ms > 0 &&
	    options->resolve_ms < RESOLVE_MS ? options->resolve_ms :
	    RESOLVE_MS;
	s->host = memory_copy(where->host);
	snprintf(s->port, sizeof(s->port), "%u", where->port);
	return s;
}

/* Threads that are still running are detached. */
static void
end_search(struct search *s)
{
	for (enum part p = 0; p < PARTS; p++) {
		struct call	*c = &s->call[p];

		if (c->has_thread && atomic_load(&c->done))
			pthread_join(c->thread, NULL);
		else if (c->has_thread)
			pthread_detach(c->thread);
	}
	leave_search(s);
}

/*
 * The search
 */

/* What is known so far. */
enum answer {
	NOTHING,
	UNCERTAIN,		/* a failure, perhaps of only one family */
	ONE_FAMILY,		/* the other one is still being looked up */
	COMPLETE,
	FAILURE,
};

/* The result of a call so far. */
enum result { RUNNING, FOUND, FAILED_FOR_NOW, FAILED };

static enum result
result_of(struct call *c)
{
	struct failure	why;

	if (!atomic_load(&c->done))
		return RUNNING;
	if (c->error == 0)
		return FOUND;
	fail_call(c->error, c->family, &why);
	return why.status == EX_TEMPFAIL ? FAILED_FOR_NOW : FAILED;
}

static enum answer
judge(struct search *s)
{
	enum result	whole = result_of(&s->call[WHOLE]);
	enum result	four = result_of(&s->call[FOUR]);
	enum result	six = result_of(&s->call[SIX]);
	bool		both = four != RUNNING && six != RUNNING;

	if (whole == FOUND)
		return COMPLETE;
	if (whole != RUNNING && (s->call[WHOLE].family != AF_UNSPEC ||
	    s->call[WHOLE].error == EAI_NONAME))
		return FAILURE;
	if (four == FOUND || six == FOUND)
		return both ? COMPLETE : ONE_FAMILY;
	if (whole == RUNNING)
		return NOTHING;
	return both ? FAILURE : UNCERTAIN;
}

/*
 * Copies the addresses that were found; false with why if there are none.  It
 * is certain that there are none only if no call failed for now.
 */
static bool
take_answer(struct resolved *r, struct search *s, struct failure *why)
{
	struct call	*failed_call = &s->call[WHOLE];
	enum result	 whole = result_of(failed_call);
	bool		 unfinished = whole == RUNNING;

	if (whole == FOUND) {
		*r = failed_call->found;
		return true;
	}
	for (enum part p = SIX; p > WHOLE; p--) {
		struct call	*c = &s->call[p];
		enum result	 part = c->search != NULL ? result_of(c) :
				    FAILED;

		for (size_t i = 0; part == FOUND && i < c->found.n &&
		    r->n < RESOLVE_MAX; i++)
			r->address[r->n++] = c->found.address[i];
		if (part == FAILED_FOR_NOW)
			failed_call = c;
		unfinished |= part == RUNNING;
		r->partial |= part == RUNNING || part == FAILED_FOR_NOW;
	}
	if (r->n > 0)
		return true;
	if (unfinished)
		return failed(why, EX_TEMPFAIL, "cannot resolve the host "
		    "name: no result within %g second%s",
		    (double)s->limit_ms / 1000, s->limit_ms == 1000 ? "" : "s");
	errno = failed_call->system;
	return fail_call(failed_call->error, failed_call->family, why);
}

/* Waits for a result, a signal or the time. */
static void
wait_until(const struct search *s, struct interrupt *interrupt, int64_t until)
{
	struct pollfd	polls[] = {
		{ .fd = s->wake[0], .events = POLLIN },
		{ .fd = interrupt != NULL ? interrupt->fd : -1,
		    .events = POLLIN },
	};
	int64_t		left = until - clock_ms();
	char		octet;

	/* After EINTR, all .revents are 0. */
	(void)poll(polls, 2, left <= 0 ? 0 :
	    (int)interrupt_limit_wait(interrupt, left));
	if (polls[1].revents != 0)
		interrupt_came(interrupt);
	if (polls[0].revents != 0)
		(void)!read(s->wake[0], &octet, 1);
}

/* Returns false with why if no address was found. */
static bool
search(struct search *s, struct resolved *r, struct interrupt *interrupt,
    struct failure *why)
{
	int64_t		now = clock_ms();
	int64_t		apart = now + APART_MS;
	int64_t		end = now + s->limit_ms;
	bool		is_apart = s->call[WHOLE].family != AF_UNSPEC;
	enum answer	answer;

	for (;;) {
		answer = judge(s);
		if (answer == COMPLETE || answer == FAILURE || now >= end)
			return take_answer(r, s, why);
		if (answer == ONE_FAMILY && end > now + RESOLUTION_DELAY_MS)
			end = now + RESOLUTION_DELAY_MS;
		if (!is_apart && (answer == UNCERTAIN || now >= apart)) {
			is_apart = true;
			start_call(s, SIX, AF_INET6);
			start_call(s, FOUR, AF_INET);
		}
		wait_until(s, interrupt, is_apart || end < apart ? end :
		    apart);
		if (interrupt_is_known(interrupt))
			return interrupt_failed(interrupt, why);
		now = clock_ms();
	}
}

static bool
fail_source(const struct connect_options *options, struct failure *why)
{
	failed(why, EX_CONFIG, "the host has no address of the same family as "
	    "the source address %s", options->source);
	why->cause = CONNECT_CAUSE_SOURCE;
	return false;
}

/* Looks up a name that is not an address. */
static bool
resolve_name(struct resolved *r, const struct endpoint *where, int family,
    const struct connect_options *options, struct failure *why)
{
	struct search	*s = begin_search(where, options, why);
	bool		 found;

	if (s == NULL)
		return false;
	start_call(s, WHOLE, family);
	found = search(s, r, options->interrupt, why);
	end_search(s);
	return found;
}

bool
resolve(struct resolved *r, const struct endpoint *where,
    const struct connect_options *options, struct failure *why)
{
	int		family = options->family;
	struct addrinfo	numeric;
	char		port[8];
	bool		found;
	int		error;

	if (options->source != NULL) {
		family = strchr(options->source, ':') != NULL ? AF_INET6 :
		    AF_INET;
		if (options->family != AF_UNSPEC && options->family != family)
			return fail_source(options, why);
	}
	snprintf(port, sizeof(port), "%u", where->port);
	numeric = hints_for(AF_UNSPEC, AI_NUMERICHOST);
	r->n = 0;
	r->partial = false;
	error = get_addresses(r, where->host, port, &numeric);
	if (error == EAI_NONAME)
		found = resolve_name(r, where, family, options, why);
	else if (error != 0)
		found = fail_call(error, AF_UNSPEC, why);
	else
		found = family == AF_UNSPEC ||
		    family == r->address[0].any.sa_family ||
		    fail_family(family, why);
	if (!found && options->source != NULL &&
	    why->cause == CONNECT_CAUSE_FAMILY)
		return fail_source(options, why);
	return found;
}
