/*
 * service_queue.h - ask the service about its queue, and to change it
 *
 * For users who cannot read the spool: the client's side of XRELAIS COUNT, RUN,
 * RELEASE and ENTRIES (submit/service_protocol.h).  Each function connects,
 * sends one command, and returns
 *
 *	SERVICE_ACCEPTED	the reply was positive, and is complete;
 *	SERVICE_REFUSED		the reply was negative, or the service broke
 *				off after it: why;
 *	another answer		as service_connect(), with why.
 */
#ifndef SUBMIT_SERVICE_QUEUE_H
#define SUBMIT_SERVICE_QUEUE_H

#include <stdbool.h>

#include "net/stream.h"
#include "queue/entry.h"
#include "queue/health.h"
#include "submit/service.h"
#include "util/failure.h"

/* The text of the last error is not known. */
enum service_answer service_queue_count(const char *path,
	    struct health_state *, struct failure *why);

/* Requests a queue run; does not wait for it. */
enum service_answer service_queue_run(const char *path, struct failure *why);

/*
 * Requests the release of an entry, and sets its new ID.  SERVICE_REFUSED also
 * if it cannot be released, with the status and text of the failure.
 */
enum service_answer service_queue_release(const char *path, const char *id,
	    char released[ID_SIZE], struct failure *why);

/* Which entries, and what to do with each.  All is borrowed. */
struct service_entries {
	const char	*id;		/* NULL: all, without messages */

	/*
	 * Called for each entry, those in queue/ first.  The entry has its
	 * message if .id is set, and no spool.
	 */
	void		(*each)(void *context, const struct entry *);
	void		*context;
};

enum service_answer service_queue_entries(const char *path,
	    const struct service_entries *, struct failure *why);

/*
 * Reads the entries after the positive reply.  Returns false with EX_PROTOCOL
 * if the input is invalid, EX_TEMPFAIL if it ends too early, or the status of
 * a file that cannot be written; .each may already have been called.
 */
bool	service_queue_read(struct stream *, const struct service_entries *,
	    struct failure *why);

#endif
