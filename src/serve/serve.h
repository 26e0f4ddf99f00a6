/*
 * serve.h - the service: queue runs at an interval
 *
 * The caller supplies the queue run.  A failed queue run is logged, and the
 * service continues.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdbool.h>

#include "util/failure.h"
#include "util/log.h"

/* Everything is borrowed. */
struct serve_options {
	const struct log	*log;
	long			 interval_s;	/* between two queue runs */
	bool			 with_parent;	/* end when the parent ends */

	/* One queue run.  Returns false and sets *why if it fails. */
	bool		       (*run)(void *context, struct failure *why);
	void			*context;
};

/*
 * Starts a queue run at once, and another one interval_s seconds after the
 * end of each.  Returns after SIGTERM or SIGINT; SIGHUP and SIGUSR1 start the
 * next queue run at once.  These four signals stay blocked.
 */
void	serve_run(const struct serve_options *);

#endif
