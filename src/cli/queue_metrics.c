#include "cli/queue_metrics.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cli/metrics.h"
#include "config/token_status.h"
#include "queue/counters.h"
#include "queue/entry.h"
#include "queue/id.h"
#include "queue/spool_state.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"

/* A login whose last attempt is older is not used any more. */
enum { UNUSED_AFTER_S = 24 * 60 * 60 };

/* Entries by their state. */
struct entry_totals {
	size_t		entries;
	uint64_t	octets;
};

struct token_facts {
	const char		*name;		/* borrowed */
	struct token_status	 status;
};

struct queue_facts {
	int64_t			 now;
	struct entry_totals	 waiting, held, collected, failed;
	int64_t			 oldest;	/* arrival of the oldest entry
						 * that waits; 0: none */
	struct counters		*smarthost;	/* owned; one for each URL */
	size_t			 n;
	struct spool_state	 state;
	struct token_facts	*token;		/* owned; one for each login
						 * with OAuth 2 */
	size_t			 n_tokens;
};

/* ---------------------------------------------------------------- the facts */

/* An entry that cannot be read waits for a queue run, which moves it. */
static bool
count_entries(struct queue_facts *f, struct spool *spool, struct failure *why)
{
	struct spool_list	list;

	if (!spool_list(&list, spool, SPOOL_QUEUE, why))
		return false;
	for (size_t i = 0; i < list.n; i++) {
		const char		*name = list.item[i].name;
		struct entry_totals	*to = &f->waiting;
		struct entry		 e;
		struct failure		 ignored;
		int64_t			 since = id_is_valid(name) ?
					    id_time(name) : 0;

		switch (entry_open(&e, spool, SPOOL_QUEUE, name, ENTRY_LOOK,
		    &ignored)) {
		case ENTRY_GONE:
			continue;
		case ENTRY_OPENED:
			if (e.file.held)
				to = &f->held;
			else if (e.file.collected)
				to = &f->collected;
			entry_close(&e);
			break;
		case ENTRY_LOCKED:
		case ENTRY_BAD:
		case ENTRY_TROUBLE:
			break;
		}
		to->entries++;
		to->octets += list.item[i].size;
		if (to == &f->waiting && since > 0 &&
		    (f->oldest == 0 || since < f->oldest))
			f->oldest = since;
	}
	spool_list_free(&list);
	return true;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * Several users of one smarthost are shown as one: their names are not for
 * everyone who can read metrics.
 */
static void
merge_login(struct queue_facts *f, const struct counters *c)
{
	struct counters	*to = f->smarthost;
	bool		 in_use = f->now - c->last_attempt < UNUSED_AFTER_S;

	while (to < f->smarthost + f->n && strcmp(to->url, c->url) != 0)
		to++;
	if (to == f->smarthost + f->n) {
		f->n++;
		*to = *c;
		if (!in_use)
			to->login = COUNTERS_LOGIN_UNKNOWN;
		return;
	}
	to->since = to->since < c->since ? to->since : c->since;
	to->delivered += c->delivered;
	to->deferred += c->deferred;
	to->failed += c->failed;
	to->last_success = later(to->last_success, c->last_success);
	if (in_use)
		to->login = later(to->login, c->login);	/* refused is last */
	if (c->certificate_expiry != 0 && (to->certificate_expiry == 0 ||
	    c->last_attempt > to->last_attempt))
		to->certificate_expiry = c->certificate_expiry;
	to->last_attempt = later(to->last_attempt, c->last_attempt);
}

static bool
read_facts(struct queue_facts *f, struct spool *spool, struct failure *why)
{
	struct spool_totals	 failed;
	struct counters		*list;
	size_t			 n;

	if (!count_entries(f, spool, why) ||
	    !spool_count(&failed, spool, SPOOL_FAILED, why))
		return false;
	f->failed = (struct entry_totals){ failed.entries, failed.octets };
	spool_state_read(&f->state, spool);
	n = counters_read(&list, spool);
	f->smarthost = memory_new(n, sizeof(*f->smarthost));
	for (size_t i = 0; i < n; i++)
		merge_login(f, &list[i]);
	free(list);
	return true;
}

static bool
has_token(const struct queue_facts *f, const char *name)
{
	for (size_t i = 0; i < f->n_tokens; i++)
		if (strcmp(f->token[i].name, name) == 0)
			return true;
	return false;
}

static void
read_tokens(struct queue_facts *f, const struct config *config)
{
	size_t	cap = 0;

	for (const struct section *s = config->first; s != NULL; s = s->next) {
		const struct setting	*set = s->setting[KEY_TOKEN];
		struct failure		 ignored;

		if (set == NULL || has_token(f, set->value))
			continue;
		f->token = memory_room(f->token, f->n_tokens, &cap,
		    sizeof(*f->token));
		f->token[f->n_tokens].name = set->value;
		f->n_tokens += token_status_read(
		    &f->token[f->n_tokens].status, set->value, &ignored);
	}
}

/* ----------------------------------------------------------------- the text */

static void
write_entries(struct buffer *b, const struct queue_facts *f)
{
	const struct {
		const char		*state;
		struct entry_totals	 totals;
	} states[] = {
		{ "waiting", f->waiting },
		{ "held", f->held },
		{ "collected", f->collected },
		{ "failed", f->failed },
	};
	const char	*entries = "relais_queue_entries";
	const char	*octets = "relais_queue_bytes";

	metrics_begin(b, METRIC_GAUGE, entries, "Messages in the queue; failed "
	    "are those that were given up and kept.");
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		metrics_add(b, entries, "state", states[i].state,
		    (int64_t)states[i].totals.entries);
	metrics_begin(b, METRIC_GAUGE, octets, "Size of these messages.");
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		metrics_add(b, octets, "state", states[i].state,
		    (int64_t)states[i].totals.octets);
}

static void
write_queue(struct buffer *b, const struct queue_facts *f)
{
	const char	*age = "relais_queue_oldest_age_seconds";
	const char	*given_up = "relais_given_up_total";
	const char	*when = "relais_last_given_up_timestamp_seconds";

	write_entries(b, f);
	metrics_begin(b, METRIC_GAUGE, age, "Time since the arrival of the "
	    "oldest waiting message; 0 if none waits.");
	metrics_add(b, age, NULL, NULL, f->oldest > 0 && f->oldest < f->now ?
	    f->now - f->oldest : 0);
	metrics_begin(b, METRIC_COUNTER, given_up, "Queued messages that were "
	    "given up, with or without a bounce.");
	metrics_add(b, given_up, NULL, NULL, f->state.given_up);
	metrics_begin(b, METRIC_GAUGE, when, "Time at which a queued message "
	    "was last given up; 0 if none was.");
	metrics_add(b, when, NULL, NULL, f->state.given_up_at);
}

/*
 * A metric of each smarthost: a member of struct counters.  A gauge without a
 * value is omitted.
 */
static const struct smarthost_metric {
	const char		*name;
	enum metric_type	 type;
	size_t			 at;
	const char		*help;
} smarthost_metrics[] = {
	{ "relais_deliveries_total", METRIC_COUNTER,
	    offsetof(struct counters, delivered),
	    "Recipients for whom the smarthost accepted a message." },
	{ "relais_deferrals_total", METRIC_COUNTER,
	    offsetof(struct counters, deferred),
	    "Attempts for a recipient that failed temporarily." },
	{ "relais_failures_total", METRIC_COUNTER,
	    offsetof(struct counters, failed),
	    "Recipients that were refused permanently." },
	{ "relais_counting_since_timestamp_seconds", METRIC_GAUGE,
	    offsetof(struct counters, since),
	    "Time at which counting began for the smarthost." },
	{ "relais_last_attempt_timestamp_seconds", METRIC_GAUGE,
	    offsetof(struct counters, last_attempt),
	    "Time of the last attempt." },
	{ "relais_last_success_timestamp_seconds", METRIC_GAUGE,
	    offsetof(struct counters, last_success),
	    "Time at which the smarthost last accepted a message." },
	{ "relais_certificate_expiry_timestamp_seconds", METRIC_GAUGE,
	    offsetof(struct counters, certificate_expiry),
	    "Expiry of the certificate that the smarthost sent last." },
};

static void
write_smarthost_metric(struct buffer *b, const struct queue_facts *f,
    const struct smarthost_metric *m)
{
	bool	begun = false;

	for (size_t i = 0; i < f->n; i++) {
		int64_t	number;

		memcpy(&number, (const char *)&f->smarthost[i] + m->at,
		    sizeof(number));
		if (number == 0 && m->type == METRIC_GAUGE)
			continue;
		if (!begun)
			metrics_begin(b, m->type, m->name, m->help);
		begun = true;
		metrics_add(b, m->name, "smarthost", f->smarthost[i].url,
		    number);
	}
}

static void
write_logins(struct buffer *b, const struct queue_facts *f)
{
	const char	*name = "relais_authentication_ok";
	bool		 begun = false;

	for (size_t i = 0; i < f->n; i++) {
		int64_t	login = f->smarthost[i].login;

		if (login == COUNTERS_LOGIN_UNKNOWN)
			continue;
		if (!begun)
			metrics_begin(b, METRIC_GAUGE, name, "1 if the last "
			    "login was accepted, 0 if it was refused.");
		begun = true;
		metrics_add(b, name, "smarthost", f->smarthost[i].url,
		    login == COUNTERS_LOGIN_ACCEPTED);
	}
}

static void
write_tokens(struct buffer *b, const struct queue_facts *f)
{
	const char	*expiry = "relais_token_expiry_timestamp_seconds";
	const char	*renewal = "relais_token_renewal_ok";

	if (f->n_tokens == 0)
		return;
	metrics_begin(b, METRIC_GAUGE, expiry, "Expiry of the access token of "
	    "a login with OAuth 2; it is renewed when it is needed.");
	for (size_t i = 0; i < f->n_tokens; i++)
		metrics_add(b, expiry, "token", f->token[i].name,
		    f->token[i].status.expires);
	metrics_begin(b, METRIC_GAUGE, renewal, "1 if the last renewal of the "
	    "access token succeeded, 0 if it failed.");
	for (size_t i = 0; i < f->n_tokens; i++)
		metrics_add(b, renewal, "token", f->token[i].name,
		    f->token[i].status.trouble[0] == '\0');
}

static void
write_metrics(struct buffer *b, const struct queue_facts *f)
{
	const char	*build = "relais_build_info";
	size_t		 n = sizeof(smarthost_metrics) /
			    sizeof(*smarthost_metrics);

	metrics_begin(b, METRIC_GAUGE, build, "The version of relais; always "
	    "1.");
	metrics_add(b, build, "version", VERSION, 1);
	write_queue(b, f);
	for (size_t i = 0; i < n; i++)
		write_smarthost_metric(b, f, &smarthost_metrics[i]);
	write_logins(b, f);
	write_tokens(b, f);
	metrics_end(b);
}

/* --------------------------------------------------------------- the output */

static bool
print_text(const struct buffer *text, struct failure *why)
{
	return file_write(STDOUT_FILENO, text->data, text->len) ||
	    failed_errno(why, EX_IOERR, "cannot write to standard "
	    "output");
}

/*
 * Creates the file that will replace path.  Without a name, so that nothing is
 * left if the process is killed while it writes; if the file system does not
 * support that, *temporary has its name.
 */
static int
create_beside(const char *path, struct buffer *temporary)
{
	char	*directory = strchr(path, '/') != NULL ?
		    file_directory(path) : memory_copy(".");
	int	 fd = -1;

#ifdef O_TMPFILE
	if (access("/proc/self/fd", X_OK) == 0)
		fd = open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
#endif
	if (fd == -1) {
		/* The collector reads only names that end in ".prom". */
		buffer_addf(temporary, "%s.XXXXXX", path);
		fd = mkostemp(temporary->data, O_CLOEXEC);
	}
	free(directory);
	return fd;
}

/* link(2) does not replace a file, so the new one needs a name for a moment. */
static bool
move_into_place(const char *path, int fd, struct buffer *temporary)
{
	if (temporary->len == 0) {
		buffer_addf(temporary, "%s.%08x", path, arc4random());
		if (!file_link(fd, AT_FDCWD, temporary->data))
			return false;
	}
	return renameat(AT_FDCWD, temporary->data, AT_FDCWD, path) == 0;
}

/*
 * A link, a device or a pipe is not replaced: a command that root runs with
 * /dev/stdout or /dev/null must not harm the machine.
 */
static bool
replace_file(const char *path, const struct buffer *text, struct failure *why)
{
	struct buffer	 temporary = { 0 };
	struct stat	 st;
	bool		 good;
	int		 fd, error;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return failed(why, EX_CANTCREAT, "%s is %s; name a regular "
		    "file in a directory that the program can write to, or - "
		    "for standard output", path, S_ISLNK(st.st_mode) ?
		    "a symbolic link" : "not a regular file");
	fd = create_beside(path, &temporary);
	if (fd == -1) {
		failed_errno(why, EX_CANTCREAT, "cannot create a file in the "
		    "directory of %s", path);
		buffer_free(&temporary);
		return false;
	}
	good = fchmod(fd, 0644) == 0 &&
	    file_write(fd, text->data, text->len) && fsync(fd) == 0 &&
	    move_into_place(path, fd, &temporary);
	error = errno;
	close(fd);
	if (!good && temporary.len > 0)
		unlink(temporary.data);
	buffer_free(&temporary);
	errno = error;
	return good || failed_errno(why, EX_CANTCREAT, "cannot write %s",
	    path);
}

int
queue_metrics(struct queue_source *q, const struct config *config,
    const char *output, struct failure *why)
{
	struct queue_facts	f = { .now = clock_now(),
				    .state.fd = -1 };
	struct buffer		text = { 0 };
	bool			good = true;

	if (queue_source_is_open(q))
		good = read_facts(&f, &q->spool, why);
	if (good) {
		read_tokens(&f, config);
		write_metrics(&text, &f);
		good = output == NULL || strcmp(output, "-") == 0 ?
		    print_text(&text, why) : replace_file(output, &text, why);
	}
	buffer_free(&text);
	free(f.smarthost);
	free(f.token);
	spool_state_free(&f.state);
	return good ? EX_OK : why->status;
}
