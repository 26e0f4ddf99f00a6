/*
 * serve_attempt.h - the session's side of an attempt that a worker makes
 *
 * The session passes the message as an entry in a file without a name, and
 * talks with the worker on a line (serve/serve_channel.h).  The worker
 * has parsed what the smarthost sent, so it is not trusted: whatever it writes
 * becomes an outcome that this process can handle.
 */
#ifndef SERVE_ATTEMPT_H
#define SERVE_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "submit/submit.h"
#include "util/buffer.h"
#include "util/failure.h"
#include "util/interrupt.h"

/* All pointers are borrowed. */
struct serve_attempt {
	int			 channel;	/* to the service */
	const char		*spill;		/* a directory for the file of a
						 * large message, or NULL */
	uint32_t		 uid;		/* of the client */
	const char		*caller;	/* the name of this user */
	struct interrupt	*interrupt;
	struct buffer		*transcript;	/* replaced */
};

/*
 * As .attempt of struct submit_options.  A signal does not end the attempt, but
 * calls the callback of the interrupt at once: the service will wait only for a
 * limited time.
 */
bool	serve_attempt_make(const struct serve_attempt *,
	    const struct submit_attempt *, struct failure *why);

#endif
