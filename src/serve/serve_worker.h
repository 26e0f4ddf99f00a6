/*
 * serve_worker.h - a process that sends messages for the sessions
 *
 * A worker makes one attempt after another, and keeps its session with the
 * smarthost open for a few seconds for the next message, from any sender.
 *
 * While the worker sends a message, it takes the next one, if one waits, and
 * sends the envelope of the next message with the end of the current one.  If
 * the reply is late, the session of the next message is told to queue it.
 */
#ifndef SERVE_WORKER_H
#define SERVE_WORKER_H

#include <stdatomic.h>

#include "config/config.h"
#include "config/identity.h"
#include "util/log.h"

/* How long a session with the smarthost is kept open without a message. */
enum { SERVE_WORKER_KEEP_MS = 5000 };

/* All pointers are borrowed. */
struct serve_worker {
	const struct config	*config;
	const struct identity	*me;
	const struct log	*log;
	int			 channel;	/* to the service */
	atomic_bool		*waiting;	/* whether the service has
						 * messages; NULL: never ask */
	int			 seats;		/* of relay/seats.h; or -1 */
};

/*
 * Sends the messages that the service passes, until the service closes the
 * channel.  SIGTERM ends the attempt in progress; its outcomes are returned.
 */
void	serve_worker_run(const struct serve_worker *);

#endif
