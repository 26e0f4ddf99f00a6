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

/*
 * Writes one line to standard error.  Does not wait if the reader of a pipe is
 * slow.
 */
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
	const char		*queued;	/* ID of the entry with the
						 * deferred forward-paths, or
						 * NULL */
	const char		*kept;		/* ID of the entry in failed/,
						 * or NULL */
	bool			 verbose;	/* -v: print on standard output
						 * why a message is queued */
};

/*
 * Prints one line with the forward-paths for each different text among the
 * outcomes that are not "delivered".  They are not logged: submit_message()
 * has logged them.  Returns the exit status (mail/outcome.h).
 */
int	report_outcomes(const struct report *, const struct outcome *);

#endif
