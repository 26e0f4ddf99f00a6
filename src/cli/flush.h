/*
 * flush.h - run the queue: -q, and one entry after -odb
 */
#ifndef CLI_FLUSH_H
#define CLI_FLUSH_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "config/config.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "runner/runner.h"
#include "util/failure.h"
#include "util/log.h"

/* -q without an interval.  Returns the exit status. */
int	flush_command(const struct options *, const struct config *,
	    const struct log *);

/*
 * Parses the interval of -q, such as 15m or p1h30m, in seconds.  Returns
 * false, with EX_USAGE, if it is invalid or longer than a year.
 */
bool	flush_parse_interval(const char *text, long *seconds,
	    struct failure *why);

/* How long a queue run waits for the turns that the key pace gives. */
enum { FLUSH_PATIENCE_MS = 5 * 60 * 1000 };

/* A queue run.  All pointers are borrowed. */
struct flush_run {
	const struct config	*config;
	const struct log	*log;
	struct spool		*spool;
	struct attempt_choice	 choice;
	bool			 verbose;	/* print the dialogue with the
						 * smarthost */
	int64_t			 patience_ms;	/* of struct runner */
};

/*
 * Runs the queue once.  If standard error is a terminal, shows the progress
 * there.  Returns false, with why, as runner_run_queue() does.
 */
bool	flush_once(const struct flush_run *, struct runner_totals *,
	    struct failure *why);

/*
 * Whether all entries that were to be sent have been sent; if not, fills in
 * why, with EX_TEMPFAIL and their numbers.  A held entry was not to be sent
 * unless its ID was given (EX_USAGE).  If the entry with the ID is not in the
 * queue: EX_NOINPUT.
 */
bool	flush_sent_all(const struct attempt_choice *,
	    const struct runner_totals *, struct failure *why);

/*
 * Starts a process that is independent of the caller and sends one entry.  If
 * the process cannot be started, the entry waits for the next queue run.
 */
void	flush_in_background(const struct config *, const struct log *,
	    struct spool *, const char id[ID_SIZE]);

#endif
