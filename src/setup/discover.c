#include "setup/discover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "mail/domain.h"
#include "net/connect.h"
#include "net/lookup.h"
#include "util/buffer.h"
#include "util/clock.h"

enum { CONNECT_MS = 4000 };

/* A message of the process that searches: the next question, or the result. */
struct progress {
	enum { PROGRESS_ASKS, PROGRESS_FOUND, PROGRESS_NOTHING } kind;
	char			 asked[400];	/* "the MX records of ..." */
	char			 trouble[400];	/* the first record that could
						 * not be looked up, and why */
	struct discovery	 result;
};

_Static_assert(sizeof(struct progress) <= PIPE_BUF, "it is written at once");

struct search {
	const struct provider_table	*table;
	const char			*domain;	/* A-labels */
	int				 to;		/* the pipe */
	struct progress			 progress;
};

static void
tell(struct search *s)
{
	/* Without a reader, SIGPIPE ends this process. */
	if (write(s->to, &s->progress, sizeof(s->progress)) == -1)
		_exit(EX_IOERR);
}

__attribute__((format(printf, 2, 3)))
static void
ask_for(struct search *s, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(s->progress.asked, sizeof(s->progress.asked), fmt, ap);
	va_end(ap);
	tell(s);
}

static bool
look_up(struct search *s, struct lookup_targets *t, enum lookup_type type,
    const char *name)
{
	struct progress	*p = &s->progress;
	struct failure	 why;
	bool		 good = lookup(t, type, name, NULL, &why);

	if (!good && why.status != EX_NOHOST && p->trouble[0] == '\0')
		strlcpy(p->trouble, why.text, sizeof(p->trouble));
	return good;
}

static bool
find_in_table(struct discovery *d, const struct provider *p)
{
	if (p == NULL)
		return false;
	d->provider = p;
	strlcpy(d->smarthost, p->value[PROVIDER_SMARTHOST],
	    sizeof(d->smarthost));
	return true;
}

static bool
find_by_mx(struct search *s)
{
	struct discovery	*d = &s->progress.result;
	struct lookup_targets	 t;

	ask_for(s, "the MX records of %s", s->domain);
	if (!look_up(s, &t, LOOKUP_TYPE_MX, s->domain))
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (find_in_table(d, provider_by_mx(s->table,
		    t.target[i].host))) {
			snprintf(d->reason, sizeof(d->reason),
			    "%s: %s receives the mail of %s",
			    d->provider->value[PROVIDER_NAME],
			    t.target[i].host, s->domain);
			return true;
		}
	return false;
}

static bool
find_by_srv(struct search *s, const char *scheme)
{
	struct discovery	*d = &s->progress.result;
	struct lookup_targets	 t;
	char			 name[LOOKUP_NAME];

	if ((size_t)snprintf(name, sizeof(name), "_%s._tcp.%s", scheme,
	    s->domain) >= sizeof(name))
		return false;
	ask_for(s, "the SRV records of %s", name);
	if (!look_up(s, &t, LOOKUP_TYPE_SRV, name))
		return false;
	snprintf(d->smarthost, sizeof(d->smarthost), "%s://%s:%u", scheme,
	    t.target[0].host, t.target[0].port);
	snprintf(d->reason, sizeof(d->reason), "the SRV record of %s", name);
	return true;
}

static bool
find_by_name(struct search *s, const char *prefix, uint16_t port)
{
	const struct connect_options	options = { .timeout_ms = CONNECT_MS };
	struct discovery		*d = &s->progress.result;
	char				 host[LOOKUP_NAME];
	struct endpoint			 at = { .host = host, .port = port };
	struct failure			 why;
	int				 fd;

	if ((size_t)snprintf(host, sizeof(host), "%s.%s", prefix, s->domain) >=
	    sizeof(host))
		return false;
	ask_for(s, "%s, port %u", host, port);
	if ((fd = connect_to(&at, &options, &why)) == -1)
		return false;
	close(fd);
	snprintf(d->smarthost, sizeof(d->smarthost), "%s://%s",
	    port == 465 ? "submissions" : "submission", host);
	snprintf(d->reason, sizeof(d->reason), "%s accepts connections on "
	    "port %u", host, port);
	return true;
}

static _Noreturn void
search(struct search *s)
{
	bool	found = find_by_mx(s) ||
		    find_by_srv(s, "submissions") ||
		    find_by_srv(s, "submission") ||
		    find_by_name(s, "smtp", 465) ||
		    find_by_name(s, "mail", 465) ||
		    find_by_name(s, "smtp", 587) ||
		    find_by_name(s, "mail", 587);

	s->progress.kind = found ? PROGRESS_FOUND : PROGRESS_NOTHING;
	tell(s);
	_exit(EX_OK);
}

/*
 * Reads until the result, the end of the process or the time.  Both
 * processes have the same table at the same address.
 */
static void
read_progress(int from, struct progress *last, int64_t timeout_ms)
{
	struct pollfd	fd = { .fd = from, .events = POLLIN };
	int64_t		until = clock_ms() + timeout_ms, left = timeout_ms;

	while (last->kind == PROGRESS_ASKS && left > 0) {
		int	n = poll(&fd, 1, (int)left);

		if ((n == 1 && read(from, last, sizeof(*last)) !=
		    (ssize_t)sizeof(*last)) || (n == -1 && errno != EINTR))
			return;
		left = until - clock_ms();
	}
}

static bool
search_in_a_process(struct progress *last, struct search *s,
    int64_t timeout_ms, struct failure *why)
{
	int	fd[2];
	pid_t	child;

	if (pipe2(fd, O_CLOEXEC) == -1)
		return failed_errno(why, EX_OSERR, "pipe");
	child = fork();
	if (child == 0) {
		close(fd[0]);
		s->to = fd[1];
		search(s);
	}
	if (child == -1)
		failed_errno(why, EX_OSERR, "fork");
	close(fd[1]);
	if (child != -1) {
		read_progress(fd[0], last, timeout_ms);
		kill(child, SIGKILL);
		while (waitpid(child, NULL, 0) == -1 && errno == EINTR)
			;
	}
	close(fd[0]);
	return child != -1;
}

/* False with why, if the search has found nothing. */
static bool
judge(const struct progress *last, const char *domain, int64_t timeout_ms,
    struct failure *why)
{
	switch (last->kind) {
	case PROGRESS_FOUND:
		return true;
	case PROGRESS_NOTHING:
		if (last->trouble[0] != '\0')
			return failed(why, EX_TEMPFAIL, "%s", last->trouble);
		return failed(why, EX_NOHOST, "neither the domain nor its MX "
		    "records are in the table of providers, it has no SRV "
		    "records for submission, and neither smtp.%s nor mail.%s "
		    "accepts connections on port 465 or 587", domain, domain);
	case PROGRESS_ASKS:
		return failed(why, EX_TEMPFAIL, "timed out after %g seconds, "
		    "waiting for %s", (double)timeout_ms / 1000, last->asked);
	}
	return false;
}

bool
discover(struct discovery *d, const struct provider_table *table,
    const char *domain, int64_t timeout_ms, struct failure *why)
{
	struct buffer	ascii = { 0 };
	struct search	s = { .table = table, .domain = domain };
	struct progress	last = { .kind = PROGRESS_ASKS };
	bool		found;

	*d = (struct discovery){ .provider = NULL };
	if (find_in_table(d, provider_by_domain(table, domain))) {
		snprintf(d->reason, sizeof(d->reason), "%s, in the table of "
		    "providers", d->provider->value[PROVIDER_NAME]);
		return true;
	}
	if (domain_to_ascii(&ascii, domain, why))
		s.domain = ascii.data;
	found = search_in_a_process(&last, &s, timeout_ms, why) &&
	    judge(&last, s.domain, timeout_ms, why);
	if (found)
		*d = last.result;
	buffer_free(&ascii);
	return found;
}
