/*
 * queue_source.h - where the queue is read: the spool, or the service
 *
 * The commands that show the queue use the spool if this user can.  Users who
 * have no permission ask the service, which shows them their own entries.
 */
#ifndef CLI_QUEUE_SOURCE_H
#define CLI_QUEUE_SOURCE_H

#include <stdbool.h>

#include "config/config.h"
#include "queue/entry.h"
#include "queue/health.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "util/failure.h"

struct queue_source {
	struct spool	 spool;		/* closed if it cannot be used: */
	struct failure	 why;		/* .status is EX_OK if the queue is
					 * disabled or does not exist, and
					 * EX_NOPERM if this user has no
					 * permission */
	const char	*service;	/* borrowed; path of the socket of the
					 * service to ask instead, or NULL: */
	struct failure	 no_service;	/* .text says why, or is "" */
};

/* Connects to nothing.  Close it in any case. */
void	queue_source_open(struct queue_source *, const struct config *);
bool	queue_source_is_open(const struct queue_source *);	/* the spool */

/*
 * The other functions return false, with why, if neither the spool nor the
 * service can be used: EX_TEMPFAIL if the service is down or refuses the
 * request temporarily, EX_NOPERM if there is none.  If there is neither a queue
 * nor a service, the queue is empty.
 */

/*
 * Called for a file.  If it cannot be read as an entry, the entry is NULL and
 * why says why.
 */
typedef void queue_source_fn(void *context, const struct spool_item *,
	    const struct entry *, const struct failure *why);

enum queue_source_part {
	QUEUE_SOURCE_WAITING,	/* queue/ */
	QUEUE_SOURCE_FAILED,	/* failed/ */
	QUEUE_SOURCE_BOTH,
};

/* Calls each() for the files, the oldest first.  Changes nothing. */
bool	queue_source_each(struct queue_source *, enum queue_source_part,
	    queue_source_fn *each, void *context, struct failure *why);

/*
 * If the spool is not open: calls each() for the entry with this ID, which has
 * its message.
 */
bool	queue_source_ask(struct queue_source *, const char *id,
	    void (*each)(void *context, const struct entry *), void *context,
	    struct failure *why);

/* The service does not return the text of the last error. */
bool	queue_source_count(struct queue_source *, struct health_state *,
	    struct failure *why);

/* Has the service run the queue. */
bool	queue_source_run(struct queue_source *, struct failure *why);

/*
 * Has the service release an entry, and sets its new ID.  Fails with EX_NOINPUT
 * if the entry does not exist, or with a status of release_entry().
 */
bool	queue_source_release(struct queue_source *, const char *id,
	    char released[ID_SIZE], struct failure *why);

void	queue_source_close(struct queue_source *);

#endif
