/*
 * serve_queue.h - show and release entries, for the users who own them
 *
 * The service's side of XRELAIS COUNT, ENTRIES and RELEASE: see
 * submit/service_protocol.h.  A spool that is closed has no entries.
 */
#ifndef SERVE_QUEUE_H
#define SERVE_QUEUE_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"
#include "config/identity.h"
#include "net/stream.h"
#include "queue/id.h"
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

/*
 * Releases the entry .id (runner/release.h), and sets its new ID.  Other users
 * than root and that of the service can only release an entry that was given
 * up.  Returns false, with why: EX_NOINPUT if there is no such entry.
 */
bool	serve_queue_release(const struct serve_queue *, const struct config *,
	    const struct identity *, char released[ID_SIZE],
	    struct failure *why);

#endif
