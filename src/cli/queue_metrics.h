/*
 * queue_metrics.h - relais queue status --metrics
 */
#ifndef CLI_QUEUE_METRICS_H
#define CLI_QUEUE_METRICS_H

#include "cli/queue_source.h"
#include "config/config.h"
#include "util/failure.h"

/*
 * Prints the state of the queue as metrics (cli/metrics.h), or replaces a file
 * atomically, with mode 0644; output is NULL or "-" for standard output.  If
 * the spool is not open, the queue is empty.  The configuration names the
 * logins with OAuth 2 (key token); one that this user cannot read is omitted.
 * Returns EX_OK, whatever the state
 * is, or the status of why: EX_CANTCREAT if the file cannot be written.
 */
int	queue_metrics(struct queue_source *, const struct config *,
	    const char *output, struct failure *why);

#endif
