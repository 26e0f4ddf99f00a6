#include "cli/flush.h"

#include <ctype.h>
#include <limits.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/report.h"
#include "cli/transcript.h"
#include "config/identity.h"
#include "serve/serve.h"
#include "submit/spool_config.h"
#include "util/clock.h"
#include "util/file.h"

enum { SERVE_INTERVAL_S = 60 };		/* of relais serve */

/* The meaning of -q with its argument. */
struct flush_order {
	struct attempt_choice	choice;
	long			every_s;	/* a service with this interval;
						 * 0: one queue run */
	bool			with_parent;	/* the service ends with its
						 * parent */
};

/*
 * A time as Sendmail writes it: numbers with units, such as 1h30m.  A number
 * without a unit means minutes.
 */
static bool
parse_time(const char *text, long *seconds)
{
	static const struct { char letter; long seconds; } units[] = {
		{ 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 },
		{ 'w', 604800 },
	};

	for (*seconds = 0; *text != '\0';) {
		long	n = 0, unit = 0;
		int	digits = 0;

		for (; isdigit((unsigned char)*text); text++, digits++)
			n = digits < 6 ? n * 10 + (*text - '0') : LONG_MAX;
		for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
			if (*text == units[i].letter)
				unit = units[i].seconds;
		if (digits == 0 || digits > 6 || (unit == 0 && *text != '\0'))
			return false;
		text += unit != 0;
		*seconds += n * (unit != 0 ? unit : 60);
	}
	return *seconds > 0;
}

/*
 * The argument of -q is empty, f, a time, p with or without a time, or one of
 * I, R and S with a text.  If the text is missing, it is next, the argument
 * that follows, or NULL.
 */
static bool
parse_order(struct flush_order *order, const char *text, const char *next,
    struct failure *why)
{
	const char		*rest = text[0] != '\0' && text[1] != '\0' ?
				    text + 1 : next;
	struct attempt_choice	*c = &order->choice;

	*order = (struct flush_order){ .choice.when = ATTEMPT_WHEN_SAFE };
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
	c->when = ATTEMPT_WHEN_DUE;
	order->with_parent = true;
	if (strcmp(text, "p") == 0)
		text = "p1m";
	return parse_time(text + (text[0] == 'p'), &order->every_s) ||
	    failed(why, EX_USAGE, "-q%s: invalid value; valid values are "
		"f, Iid, Rrecipient, Ssender or an interval such as 15m", text);
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
	};
	bool		good;

	identity_find(&me, f->config);
	good = runner_run_queue(&runner, totals, why);
	if (watched && totals->entries > 0) {
		show_progress(&began_ms, totals);
		file_write_now(STDERR_FILENO, "\n", 1);
	}
	identity_free(&me);
	return good;
}

static bool
flush_for_service(void *context, struct failure *why)
{
	struct runner_totals	totals;

	return flush_once(context, &totals, why);
}

static int
run_order(const struct options *options, const struct config *config,
    const struct log *log, const struct flush_order *order)
{
	bool			is_service = order->every_s > 0;
	struct spool		spool = { 0 };
	struct flush_run	run = {
		.config = config,
		.log = log,
		.spool = &spool,
		.choice = order->choice,
		.verbose = options->verbose && !is_service,
	};
	struct serve_options	service = {
		.log = log,
		.interval_s = order->every_s,
		.with_parent = order->with_parent,
		.run = flush_for_service,
		.context = &run,
	};
	struct runner_totals	totals;
	struct failure		why;
	enum spool_config	found = is_service ?
				    spool_config_open(&spool, config, &why) :
				    spool_config_find(&spool, config, &why);
	int			status = EX_OK;

	if (found != SPOOL_CONFIG_OPEN)
		return why.status == EX_OK ? EX_OK :
		    report_failure(log, options->errors, &why);
	if (is_service)
		serve_run(&service);
	else if (!flush_once(&run, &totals, &why))
		status = report_failure(log, options->errors, &why);
	spool_close(&spool);
	return status;
}

int
flush_command(const struct options *options, const struct config *config,
    const struct log *log)
{
	const char		*next = options->n_arguments > 0 ?
				    options->arguments[0] : NULL;
	struct flush_order	 order;
	struct failure		 why;

	if (!parse_order(&order, options->queue, next, &why))
		return report_failure(log, options->errors, &why);
	return run_order(options, config, log, &order);
}

int
flush_serve(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct flush_order	order = { .choice.when = ATTEMPT_WHEN_DUE,
				    .every_s = SERVE_INTERVAL_S };
	struct failure		why;

	if (options->n_arguments > 1) {
		failed(&why, EX_USAGE, "usage: relais serve");
		return report_failure(log, options->errors, &why);
	}
	return run_order(options, config, log, &order);
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
		log_line(log, LOG_WARNING, "id=%s: cannot start a process: "
		    "%s; the message waits for the next queue run", id,
		    strerror(errno));
	if (pid != 0)
		return;
	detach_from_caller();
	if (!flush_once(&run, &totals, &why))
		log_line(log, LOG_ERR, "%s", why.text);
	_exit(EX_OK);
}
