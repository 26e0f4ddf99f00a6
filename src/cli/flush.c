#include "cli/flush.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/queue_source.h"
#include "cli/report.h"
#include "cli/transcript.h"
#include "config/credentials.h"
#include "config/identity.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/visible.h"

enum { INTERVAL_MAX = 366 * 24 * 60 * 60 };

/*
 * A time as Sendmail writes it: numbers with units, such as 1h30m.  A number
 * without a unit means minutes.
 */
static bool
parse_time(const char *text, long *seconds)
{
	static const struct { char letter; int seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 },
	};
	int64_t	sum = 0;

	while (*text != '\0' && sum <= INTERVAL_MAX) {
		int64_t	n = 0;
		int	unit = 0, digits = 0;

		for (; isdigit((unsigned char)*text) && digits <= 6; digits++)
			n = n * 10 + (*text++ - '0');
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (*text == units[i].letter)
				unit = units[i].seconds;
		if (digits == 0 || digits > 6 || (unit == 0 && *text != '\0'))
			return false;
		text += unit != 0;
		sum += n * (unit != 0 ? unit : 60);
	}
	*seconds = (long)sum;
	return sum > 0 && sum <= INTERVAL_MAX;
}

static bool
failed_argument(const char *text, struct failure *why)
{
	return failed(why, EX_USAGE, "-q%s: invalid value; valid values are "
	    "f, Iid, Rrecipient, Ssender or an interval such as 15m", text);
}

bool
flush_parse_interval(const char *text, long *seconds, struct failure *why)
{
	const char	*time = strcmp(text, "p") == 0 ? "p1m" : text;

	return parse_time(time + (time[0] == 'p'), seconds) ||
	    failed_argument(text, why);
}

/*
 * The argument of -q is empty, f, or one of I, R and S with a text.  If the
 * text is missing, it is next, the argument that follows, or NULL.
 */
static bool
parse_choice(struct attempt_choice *c, const char *text, const char *next,
    struct failure *why)
{
	const char	*rest = text[0] != '\0' && text[1] != '\0' ? text + 1 :
			    next;

	*c = (struct attempt_choice){ .when = ATTEMPT_WHEN_SAFE };
	switch (text[0]) {
	case '\0':
		return true;
	case 'f':
		c->when = ATTEMPT_WHEN_ANY;
		return true;
	case 'I':
		c->id = rest;
		return rest != NULL || failed(why, EX_USAGE,
		    "-qI requires a queue ID");
	case 'R':
		c->recipient = rest;
		return rest != NULL || failed(why, EX_USAGE,
		    "-qR requires a part of a recipient's address");
	case 'S':
		c->sender = rest;
		return rest != NULL || failed(why, EX_USAGE,
		    "-qS requires a part of the sender's address");
	}
	return failed_argument(text, why);
}

static void
show_progress(void *context, const struct runner_totals *t)
{
	const int64_t	*began_ms = context;
	int64_t		 ms = clock_ms() - *began_ms;
	size_t		 done = runner_done(t);
	char		 line[120];

	snprintf(line, sizeof(line), "\r%zu of %zu, %zu sent, %llu a second ",
	    done, t->entries, t->result[ATTEMPT_DELIVERED],
	    (unsigned long long)(ms > 0 ? done * 1000 / (uint64_t)ms : 0));
	file_write_now(STDERR_FILENO, line, strlen(line));
}

bool
flush_once(const struct flush_run *f, struct runner_totals *totals,
    struct failure *why)
{
	struct identity	me = { 0 };
	int64_t		began_ms = clock_ms();
	bool		watched = isatty(STDERR_FILENO) && !f->verbose;
	struct runner	runner = {
		.config = f->config,
		.me = &me,
		.log = f->log,
		.spool = f->spool,
		.choice = f->choice,
		.trace = f->verbose ? &transcript_trace : NULL,
		.progress = watched ? show_progress : NULL,
		.context = &began_ms,
		.patience_ms = f->patience_ms,
	};
	bool		good;

	identity_find(&me, f->config);
	credentials_warn(f->config, f->log);
	good = runner_run_queue(&runner, totals, why);
	if (watched && totals->entries > 0) {
		show_progress(&began_ms, totals);
		file_write_now(STDERR_FILENO, "\n", 1);
	}
	identity_free(&me);
	return good;
}

/* Adds "2 deferred" to a list. */
static void
add_number(struct buffer *list, size_t n, const char *what)
{
	if (n > 0)
		buffer_addf(list, "%s%zu %s", list->len > 0 ? ", " : "", n,
		    what);
}

bool
flush_sent_all(const struct attempt_choice *choice,
    const struct runner_totals *t, struct failure *why)
{
	const size_t	*n = t->result;
	size_t		 sent = n[ATTEMPT_DELIVERED] + n[ATTEMPT_SKIPPED] +
			    n[ATTEMPT_HELD];
	size_t		 failures = n[ATTEMPT_FAILED] + n[ATTEMPT_BAD];
	struct buffer	 list = { 0 };
	char		 shown[80];

	if (choice->id != NULL && (t->entries == 0 || n[ATTEMPT_HELD] > 0)) {
		visible(shown, sizeof(shown), choice->id, strlen(choice->id));
		return t->entries == 0 ? failed(why, EX_NOINPUT,
		    "%s: no such message in the queue", shown) :
		    failed(why, EX_USAGE, "%s: held, or collected for a "
		    "digest; to send it, run relais queue release %s", shown,
		    shown);
	}
	if (sent == t->entries)
		return true;
	add_number(&list, n[ATTEMPT_DEFERRED] + n[ATTEMPT_LEFT], "deferred");
	add_number(&list, failures, "given up");
	add_number(&list, n[ATTEMPT_PACED], "waiting for a turn (pace)");
	add_number(&list, n[ATTEMPT_LOCKED], "being sent by another process");
	add_number(&list, n[ATTEMPT_DOUBTFUL], "possibly delivered already");
	add_number(&list, n[ATTEMPT_ERROR], "after a disk error");
	add_number(&list, t->entries - runner_done(t), "not tried");
	failed(why, EX_TEMPFAIL, "not sent: %s", list.data != NULL ?
	    list.data : "the reason is not known");
	buffer_free(&list);
	if (t->error[0] != '\0')
		failure_suffix(why, "; last error: %s", t->error);
	return failure_suffix(why, "; to see each reason, run relais queue "
	    "list%s", failures > 0 ? " and relais queue list --failed" : "");
}

/*
 * For a user who cannot use the spool: the service runs the whole queue, if it
 * is asked to.
 */
static bool
request_run(struct queue_source *q, const struct options *options,
    const struct attempt_choice *choice, struct failure *why)
{
	const struct runner_totals	none = { .entries = 0 };

	if (options->queue[0] == '\0')
		return queue_source_run(q, why);
	if (q->why.status == EX_OK)
		return flush_sent_all(choice, &none, why);
	*why = q->why;
	if (why->status == EX_NOPERM)
		failed(why, EX_NOPERM, "-q%s: only root and the user relais "
		    "can do this: %s", options->queue, q->why.text);
	return false;
}

int
flush_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	const char		*next = options->n_arguments > 0 ?
				    options->arguments[0] : NULL;
	struct queue_source	 queue;
	struct flush_run	 run = {
		.config = config,
		.log = log,
		.spool = &queue.spool,
		.verbose = options->verbose,
		.patience_ms = FLUSH_PATIENCE_MS,
	};
	struct runner_totals	 totals;
	struct failure		 why;
	bool			 good;

	if (!parse_choice(&run.choice, options->queue, next, &why))
		return report_failure(log, options->errors, &why);
	queue_source_open(&queue, config);
	good = queue_source_is_open(&queue) ?
	    flush_once(&run, &totals, &why) &&
	    flush_sent_all(&run.choice, &totals, &why) :
	    request_run(&queue, options, &run.choice, &why);
	queue_source_close(&queue);
	return good ? EX_OK : report_failure(log, options->errors, &why);
}

/*
 * Leaves the caller's session, signal mask, descriptors and directory.  A
 * caller may wait until all copies of its pipes are closed.
 */
static void
detach_from_caller(void)
{
	int		fd = file_nothing();
	sigset_t	none;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = STDIN_FILENO; fd != -1 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
	if (chdir("/") == -1)
		return;		/* only keeps a file system busy */
}

void
flush_in_background(const struct config *config, const struct log *log,
    struct spool *spool, const char id[ID_SIZE])
{
	struct flush_run	run = {
		.config = config,
		.log = log,
		.spool = spool,
		.choice = { .when = ATTEMPT_WHEN_ANY, .id = id },
	};
	struct runner_totals	totals;
	struct failure		why;
	pid_t			pid = fork();

	if (pid == -1)
		log_entry(log, LOG_WARNING, id, ": cannot start a process: %s; "
		    "the message waits for the next queue run",
		    strerror(errno));
	if (pid != 0)
		return;
	detach_from_caller();
	if (!flush_once(&run, &totals, &why))
		log_line(log, LOG_ERR, "%s", why.text);
	_exit(EX_OK);
}
