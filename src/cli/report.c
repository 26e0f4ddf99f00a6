#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/visible.h"

static void
print_line(enum error_mode errors, const struct log *log, const char *text)
{
	/* With the log on stderr the line stands there already. */
	if (errors != ERRORS_QUIET && log->target != LOG_TO_STDERR)
		dprintf(STDERR_FILENO, "%s: %s\n", getprogname(), text);
}

int
report_failure(const struct log *log, enum error_mode errors,
    const struct failure *why)
{
	log_line(log, LOG_ERR, "%s", why->text);
	print_line(errors, log, why->text);
	return why->status;
}

static bool
is_told(const struct outcome *outcomes, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (outcomes[k].kind == outcomes[i].kind &&
		    strcmp(outcomes[k].text, outcomes[i].text) == 0)
			return true;
	return false;
}

/* "not sent to a@example.org and 2 more: 550 no" */
static void
write_outcome(struct buffer *line, const struct report *r,
    const struct outcome *outcomes, size_t i)
{
	const struct envelope	*env = r->envelope;
	char			 path[400];
	size_t			 others = 0;

	for (size_t k = i + 1; k < env->n; k++)
		others += outcomes[k].kind == outcomes[i].kind &&
		    strcmp(outcomes[k].text, outcomes[i].text) == 0;
	visible(path, sizeof(path), env->forward[i].path,
	    strlen(env->forward[i].path));
	buffer_addf(line, "not sent to %s", path);
	if (others > 0)
		buffer_addf(line, " and %zu more", others);
	buffer_addf(line, ": %s", outcomes[i].text);
}

static void
print_outcome(const struct report *r, const struct outcome *outcomes, size_t i)
{
	struct buffer	 line = { 0 };

	write_outcome(&line, r, outcomes, i);
	if (outcomes[i].kind == OUTCOME_FAILED && r->kept != NULL)
		buffer_addf(&line, "; kept in %s/failed/%s", r->spool,
		    r->kept);
	print_line(r->errors, r->log, line.data);
	buffer_free(&line);
}

/* Good news to programs, not to whoever watches with -v. */
static void
show_deferred(const struct report *r, const struct outcome *outcomes, size_t i)
{
	struct buffer	 line = { 0 };

	write_outcome(&line, r, outcomes, i);
	printf("*** %s; waits in the queue as %s\n", line.data, r->queued);
	buffer_free(&line);
}

static int
exit_status(const struct report *r, const struct outcome *outcomes)
{
	int	later = EX_OK;

	for (size_t i = 0; i < r->envelope->n; i++) {
		if (outcomes[i].kind == OUTCOME_FAILED)
			return outcomes[i].status;
		if (outcomes[i].kind == OUTCOME_DEFERRED && later == EX_OK &&
		    r->queued == NULL)
			later = outcomes[i].status;
	}
	return later;
}

int
report_outcomes(const struct report *r, const struct outcome *outcomes)
{
	for (size_t i = 0; i < r->envelope->n; i++) {
		bool	deferred = outcomes[i].kind == OUTCOME_DEFERRED;

		if ((!deferred && outcomes[i].kind != OUTCOME_FAILED) ||
		    is_told(outcomes, i))
			continue;
		if (!deferred || r->queued == NULL)
			print_outcome(r, outcomes, i);
		else if (r->verbose)
			show_deferred(r, outcomes, i);
	}
	return exit_status(r, outcomes);
}
