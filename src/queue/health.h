/*
 * health.h - the runner's last success and last error, for status checks
 *
 * Kept in DIR/status and replaced as a whole, so a reader never sees half of
 * it.  Nothing depends on it: without it, nothing is known.
 */
#ifndef QUEUE_HEALTH_H
#define QUEUE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/spool.h"
#include "util/failure.h"

struct health {
	int64_t	success;	/* seconds since the epoch; 0: never */
	int64_t	error;		/* the same */
	char	text[512];	/* of the last error, as it was noted */
};

void	health_read(struct health *, const struct spool *);

/* For the runner: what happened now; the other half stays as it was. */
bool	health_note_success(struct spool *, int64_t now, struct failure *why);
bool	health_note_error(struct spool *, int64_t now, const char *text,
	    struct failure *why);

#endif
