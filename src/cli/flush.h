/*
 * flush.h - -q: the queue's entries on their way again
 */
#ifndef CLI_FLUSH_H
#define CLI_FLUSH_H

#include <stdbool.h>

#include "cli/options.h"
#include "config/config.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "runner/runner.h"
#include "util/failure.h"
#include "util/log.h"

/*
 * What the word behind -q says: one pass, or a service; returns the exit
 * status.
 */
int	flush_command(const struct options *, const struct config *,
	    const struct log *);

/* relais serve: what is due, every minute, until it is told to end. */
int	flush_serve(const struct options *, const struct config *,
	    const struct log *);

/* One pass, with a line of progress where a person watches. */
bool	flush_once(const struct config *, const struct log *, struct spool *,
	    const struct attempt_choice *, bool verbose, struct runner_totals *,
	    struct failure *why);

/*
 * Hands one entry on in a process of its own, with no tie to its caller.  If
 * there can be none, the entry stays for the next run.
 */
void	flush_in_background(const struct config *, const struct log *,
	    struct spool *, const char id[ID_SIZE]);

#endif
