/*
 * health.h - the last success and the last error, for status checks
 *
 * DIR/status contains the last error, and is replaced atomically.  Its
 * modification time is the time of the last success, so that a delivery is
 * recorded with one system call.  If the file is missing, no success and no
 * error are known.
 */
#ifndef QUEUE_HEALTH_H
#define QUEUE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/spool.h"
#include "util/failure.h"

struct health {
	/* Seconds since the epoch; 0: never. */
	int64_t	success;	/* a message was delivered */
	int64_t	given_up;	/* a message failed */
	int64_t	error;		/* a message failed or was deferred */
	char	text[512];	/* of the last error */
};

void	health_read(struct health *, const struct spool *);

/* Each function records one event; the other facts are not changed. */
bool	health_note_success(struct spool *, int64_t now, struct failure *why);
bool	health_note_error(struct spool *, int64_t now, const char *text,
	    bool given_up, struct failure *why);

/*
 * What relais queue status reports.  Held entries are not waiting, and collected
 * entries (queue/storm.h) are not waiting until their digest is due.
 */
struct health_state {
	struct spool_totals	queue;		/* .oldest: since when it
						 * waits */
	struct spool_totals	failed;
	size_t			collected;	/* entries of queue */
	int64_t			next_digest;	/* the first one; 0: none */
	struct health		last;
	int64_t			 queue_given_up;	/* when a queue run gave
							 * up an entry; 0:
							 * never */
};

/* All is 0 if the spool is closed.  False if a directory cannot be read. */
bool	health_examine(struct health_state *, struct spool *,
	    struct failure *why);

/* Whether a message was given up and none has been delivered since. */
bool	health_is_bad(const struct health *);

/*
 * Whether an entry was given up in the last hour.  A message that is refused
 * while the caller waits does not count, because the caller sees the error.
 */
bool	health_has_given_up(const struct health_state *, int64_t now);

#endif
