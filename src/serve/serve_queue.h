/*
 * serve_queue.h - show the queue to the users who own its entries
 *
 * The service's side of XRELAIS COUNT and XRELAIS ENTRIES: see
 * submit/service_protocol.h.  A spool that is closed has no entries.
 */
#ifndef SERVE_QUEUE_H
#define SERVE_QUEUE_H

#include <stdbool.h>
#include <sys/types.h>

#include "net/stream.h"
#include "queue/spool.h"
#include "util/buffer.h"
#include "util/failure.h"

/* What may be shown, and to whom.  All is borrowed. */
struct serve_queue {
	struct spool	*spool;
	uid_t		 uid;
	const char	*id;		/* NULL: all, without messages */
};

/*
 * Sends the entries.  Returns false, with why, if the queue cannot be read or
 * the connection fails; the client notices that "end" is missing.
 */
bool	serve_queue_send(const struct serve_queue *, struct stream *,
	    struct failure *why);

/*
 * Appends the text of the reply to COUNT.  Returns false, with why, if the
 * queue cannot be read.
 */
bool	serve_queue_count(struct buffer *, struct spool *,
	    struct failure *why);

#endif
