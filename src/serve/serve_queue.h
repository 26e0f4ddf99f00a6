/*
 * serve_queue.h - show the queue to the users who own its entries
 *
 * Users cannot read the spool.  The service shows them their own entries, and
 * all entries to root and to its own user.  After a positive reply to
 * XRELAIS ENTRIES [ID], the session ends, and the entries in queue/ and then
 * those in failed/ follow, each as a line and the octets of its file:
 *
 *	entry DIRECTORY ID SIZE NEXT LOCKED LENGTH
 *	...
 *	end
 *
 * DIRECTORY is queue or failed; SIZE is that of the file in octets; NEXT is the
 * time of the next attempt in seconds; LOCKED is 1 while an attempt is made.
 * LENGTH octets follow: those of the envelope, or the whole file if an ID was
 * given.
 */
#ifndef SERVE_QUEUE_H
#define SERVE_QUEUE_H

#include <stdbool.h>
#include <sys/types.h>

#include "net/stream.h"
#include "queue/spool.h"
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
 * Writes the numbers that every user can see: "QUEUED OCTETS OLDEST NEXT
 * FAILED".  FAILED is the number of entries in failed/; for the others, see
 * struct spool_totals.
 */
bool	serve_queue_count(char *to, size_t size, struct spool *,
	    struct failure *why);

#endif
