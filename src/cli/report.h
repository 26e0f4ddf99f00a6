/*
 * report.h - report failures and outcomes on standard error and in the log
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"
#include "mail/envelope.h"
#include "mail/outcome.h"
#include "util/failure.h"
#include "util/log.h"

/* Writes one line to standard error, without waiting for a reader. */
void	report_line(const char *text);

/*
 * Writes the failure to the log and, except with -oeq, to standard error.
 * Returns the exit status.
 */
int	report_failure(const struct log *, enum error_mode,
	    const struct failure *);

/* All pointers are borrowed. */
struct report {
	const struct log	*log;
	enum error_mode		 errors;
	const struct envelope	*envelope;
	const char		*queued;	/* ID of the entry that holds
						 * what is deferred, or NULL */
	const char		*kept;		/* ID of the entry in failed/,
						 * or NULL */
	const char		*spool;		/* the directory of failed/ */
	bool			 verbose;	/* -v: also print on standard
						 * output why it is queued */
};

/*
 * Prints one line for each different text among the outcomes that are not
 * "delivered", with the forward-paths.  submit_message() has logged them.
 * Returns the exit status (mail/outcome.h).
 */
int	report_outcomes(const struct report *, const struct outcome *);

#endif
