/*
 * report.h - what became of a message, told to the caller and the log
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

/* One line on stderr, which nobody waits for to be read. */
void	report_line(const char *text);

/*
 * One line on stderr (unless -oeq) and the same in the log; returns the exit
 * status.
 */
int	report_failure(const struct log *, enum error_mode,
	    const struct failure *);

/* All borrowed. */
struct report {
	const struct log	*log;
	enum error_mode		 errors;
	const struct envelope	*envelope;
	const char		*queued;	/* the entry that holds what was
						 * deferred, or NULL */
	const char		*kept;		/* the one in failed/, or NULL */
	const char		*spool;		/* where failed/ is */
	bool			 verbose;	/* -v: why something waits in
						 * the queue, on stdout */
};

/*
 * One line for each different text among the forward-paths that were not
 * delivered, naming them.  Returns the exit status (mail/outcome.h).
 */
int	report_outcomes(const struct report *, const struct outcome *);

#endif
