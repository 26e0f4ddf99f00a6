/*
 * serve.h - the service: clients on a socket, and queue runs at an interval
 *
 * One process, the service, accepts the clients and starts all others:
 *	- a session for each client (serve_session.h), which receives messages;
 *	- up to `connections` workers (serve_worker.h), which send them;
 *	- one queue run at a time (runner/runner.h), which uses half of the
 *	  connections while it lasts.
 * It passes descriptors between sessions and workers, and does not read what
 * clients send.  A message for which no worker is free within a second goes to
 * the queue.
 *
 * Signals: SIGTERM and SIGINT end the service after the messages in progress;
 * a second one ends it at once.  SIGHUP reads the configuration again.  SIGUSR1
 * starts a queue run for all entries that are not held.
 */
#ifndef SERVE_SERVE_H
#define SERVE_SERVE_H

#include <stdbool.h>

#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

/* All pointers are borrowed. */
struct serve_options {
	const struct config	*config;
	struct log		*log;	/* opened again if the configuration is
					 * read again */
	long			 interval_s;	/* between two queue runs */
	bool			 listens;	/* false: only queue runs */
	bool			 with_parent;	/* end when the parent ends */

	/*
	 * Reads the configuration again.  Returns false, with why, if it is not
	 * valid; the current one is then kept.
	 */
	bool		       (*load)(void *context, struct config *,
				    struct failure *why);
	void			*context;
};

/*
 * Becomes the user relais if the process belongs to root and listens, and
 * serves until a signal ends it.  Returns false, with why, if the service
 * cannot start.
 */
bool	serve_run(const struct serve_options *, struct failure *why);

#endif
