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

/* The shortest time between two attempts for a message. */
enum { SERVE_S = 60 };

/* What follows -q. */
struct flush_order {
	struct attempt_choice	choice;
	long		every_s;	/* a service with this interval; 0: one
					 * pass */
	bool		with_parent;	/* the service ends with its parent */
};

/* Sendmail's times: numbers with units, minutes where none is said. */
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
 * Nothing, f, I, R and S with their texts, and times such as 15m or p1h30m;
 * next, if not NULL, stands in for a text that is missing.
 */
static bool
parse_order(struct flush_order *order, const char *text, const char *next,
    struct failure *why)
{
	const char	*rest = text[0] != '\0' && text[1] != '\0' ? text + 1 :
			    next;
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
		break;
	case 'R':
		c->recipient = rest;
		break;
	case 'S':
		c->sender = rest;
		break;
	default:
		if (text[0] == 'p' && text[1] == '\0')
			text = "1m";
		c->when = ATTEMPT_WHEN_DUE;
		order->with_parent = true;
		return parse_time(text + (text[0] == 'p'), &order->every_s) ||
		    failed(why, EX_USAGE, "-q: invalid value; "
			"expected f, I, R or S with a text, or an interval "
			"such as 15m");
	}
	return rest != NULL || failed(why, EX_USAGE,
	    "-q%c: the text is missing", text[0]);
}

/* Where a person watches. */
struct watcher {
	int64_t	began_ms;
};

static void
show_progress(void *context, const struct runner_totals *t)
{
	struct watcher	*w = context;
	int64_t		 ms = clock_ms() - w->began_ms;
	size_t		 done = runner_done(t);
	char		 line[120];

	snprintf(line, sizeof(line), "\r%zu of %zu, %zu sent, %llu a second ",
	    done, t->entries, t->result[ATTEMPT_DELIVERED],
	    (unsigned long long)(ms > 0 ? done * 1000 / (uint64_t)ms : 0));
	file_write_now(STDERR_FILENO, line, strlen(line));
}

static void
show_end(struct watcher *w, const struct runner_totals *t)
{
	if (t->entries == 0)
		return;
	show_progress(w, t);
	file_write_now(STDERR_FILENO, "\n", 1);
}

bool
flush_once(const struct config *config, const struct log *log,
    struct spool *spool, const struct attempt_choice *choice, bool verbose,
    struct runner_totals *totals, struct failure *why)
{
	struct watcher		watcher = { clock_ms() };
	struct identity		me = { 0 };
	struct runner		runner = {
		.config = config, .me = &me, .log = log, .spool = spool,
		.choice = *choice,
		.trace = verbose ? &transcript_trace : NULL,
		.context = &watcher,
	};
	bool			watched = isatty(STDERR_FILENO) && !verbose;
	bool			good;

	identity_find(&me, config);
	runner.progress = watched ? show_progress : NULL;
	good = runner_run_queue(&runner, totals, why);
	if (watched)
		show_end(&watcher, totals);
	identity_free(&me);
	return good;
}

/* What each queue run of the service needs. */
struct service_run {
	const struct config	*config;
	const struct log	*log;
	struct spool		*spool;
	const struct attempt_choice	*choice;
};

static bool
run_for_service(void *context, struct failure *why)
{
	const struct service_run	*r = context;
	struct runner_totals		 totals;

	return flush_once(r->config, r->log, r->spool, r->choice, false,
	    &totals, why);
}

/* Where there is no queue there is nothing to flush. */
static int
find_queue(struct spool *spool, const struct config *config, bool service,
    struct failure *why)
{
	enum spool_config	found = service ?
				    spool_config_open(spool, config, why) :
				    spool_config_find(spool, config, why);

	return found == SPOOL_CONFIG_OPEN ? EX_OK : why->status;
}

static int
carry_out(const struct options *options, const struct config *config,
    const struct log *log, const struct flush_order *order)
{
	struct spool		spool = { 0 };
	struct service_run	run = { config, log, &spool, &order->choice };
	struct serve_options	service = {
		.log = log,
		.interval_s = order->every_s,
		.with_parent = order->with_parent,
		.run = run_for_service,
		.context = &run,
	};
	struct runner_totals	totals;
	struct failure		why;
	int			status = EX_OK;

	if (find_queue(&spool, config, order->every_s > 0, &why) != EX_OK)
		return report_failure(log, options->errors, &why);
	if (order->every_s > 0)
		serve_run(&service);
	else if (spool.directory != NULL && !flush_once(config, log, &spool,
	    &order->choice, options->verbose, &totals, &why))
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
	return carry_out(options, config, log, &order);
}

int
flush_serve(const struct options *options, const struct config *config,
    const struct log *log)
{
	struct flush_order	order = { .choice.when = ATTEMPT_WHEN_DUE,
				    .every_s = SERVE_S };
	struct failure		why;

	if (options->n_arguments > 1) {
		failed(&why, EX_USAGE, "usage: relais serve");
		return report_failure(log, options->errors, &why);
	}
	return carry_out(options, config, log, &order);
}

/* Nothing of the caller's: it may be waiting for the end of our output. */
static void
detach(void)
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
		return;		/* then a file system stays busy, no more */
}

void
flush_in_background(const struct config *config, const struct log *log,
    struct spool *spool, const char id[ID_SIZE])
{
	struct attempt_choice	choice = { .when = ATTEMPT_WHEN_ANY,
				    .id = id };
	struct runner_totals	totals;
	struct failure		why;
	pid_t			pid = fork();

	if (pid == -1)
		log_line(log, LOG_WARNING, "id=%s: cannot start a process: "
		    "%s; the message waits for the next queue run", id,
		    strerror(errno));
	if (pid != 0)
		return;
	detach();
	if (!flush_once(config, log, spool, &choice, false, &totals, &why))
		log_line(log, LOG_ERR, "%s", why.text);
	_exit(EX_OK);
}
