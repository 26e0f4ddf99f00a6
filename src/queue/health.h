/*
 * health.h - the last success and the last error, for status checks
 *
 * DIR/status tells of the last error, and is replaced as a whole, so a reader
 * never sees half of it; its modification time is that of the last success, so
 * that each message that is delivered can be noted by one system call.
 * Nothing depends on the file: without it, nothing is known.
 */
#ifndef QUEUE_HEALTH_H
#define QUEUE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/spool.h"
#include "util/failure.h"

struct health {
	int64_t	success;	/* seconds since the epoch; 0: never */
	int64_t	given_up;	/* a message failed: the same */
	int64_t	error;		/* a message failed or was deferred: the same */
	char	text[512];	/* of the last error, as it was noted */
};

void	health_read(struct health *, const struct spool *);

/* Each notes what happened now; everything else stays as it was. */
bool	health_note_success(struct spool *, int64_t now, struct failure *why);
bool	health_note_error(struct spool *, int64_t now, const char *text,
	    bool given_up, struct failure *why);

/* A message was given up, and none was delivered since. */
bool	health_is_bad(const struct health *);

#endif
