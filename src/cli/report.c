#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/output.h"
#include "mail/outcome.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/visible.h"

void
report_line(const char *text)
{
	struct buffer	line = { 0 };
	char		*shown;
	size_t		 size;

	buffer_addf(&line, "%s: %s", getprogname(), text);
	size = 4 * line.len + 2;
	shown = memory_new(size, 1);
	visible_more(shown, size - 1, line.data, "");
	strlcat(shown, "\n", size);
	file_write_now(STDERR_FILENO, shown, strlen(shown));
	free(shown);
	buffer_free(&line);
}

static void
print_line(enum error_mode errors, const struct log *log, const char *text)
{
	/* If the log is standard error, it already has the line. */
	if (errors != ERRORS_QUIET && !log_is_on_stderr(log))
		report_line(text);
}

int
report_failure(const struct log *log, enum error_mode errors,
    const struct failure *why)
{
	log_line(log, LOG_ERR, "%s", why->text);
	print_line(errors, log, why->text);
	return why->status;
}

static void
print_outcome(void *context, const struct outcome *o, const char *text)
{
	const struct report	*r = context;

	if (o->kind == OUTCOME_DEFERRED && r->queued != NULL) {
		/* A queued message is not an error: only -v prints this. */
		printf("*** ");
		output_text(text);
		printf("; queued as %s\n", r->queued);
	} else if (o->kind == OUTCOME_FAILED && r->kept != NULL) {
		struct buffer	line = { 0 };

		buffer_addf(&line, "%s; kept as %s (to print it, run relais "
		    "queue show %s)", text, r->kept, r->kept);
		print_line(r->errors, r->log, line.data);
		buffer_free(&line);
	} else {
		print_line(r->errors, r->log, text);
	}
}

int
report_outcomes(const struct report *r, const struct outcome *outcomes)
{
	struct report	copy = *r;

	outcome_describe(r->envelope, outcomes,
	    r->queued != NULL && !r->verbose, print_outcome, &copy);
	return outcome_status(outcomes, r->envelope->n, r->queued != NULL);
}
