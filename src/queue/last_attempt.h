/*
 * last_attempt.h - the transcript of the last attempt for a failed entry
 *
 * DIR/failed/.ID contains the dialogue with the smarthost in the attempt after
 * which the entry DIR/failed/ID was given up, without secrets and without the
 * message: lines that begin with ">>> ", "<<< " or "*** ".  The name begins
 * with a dot, so the file is not an entry; its octets are part of the size of
 * the spool.  It belongs to the owner of the spool and has mode 0600.
 *
 * It is written after the entry is in failed/, and removed before the entry
 * is, and it is not synced: a crash leaves an entry without a transcript, but
 * no transcript without an entry.  If somebody else has removed the entry,
 * spool_sweep() removes the transcript.
 */
#ifndef QUEUE_LAST_ATTEMPT_H
#define QUEUE_LAST_ATTEMPT_H

#include <stddef.h>

#include "queue/spool.h"
#include "util/buffer.h"

enum { LAST_ATTEMPT_MAX = 16 * 1024 };	/* octets; the rest is ignored */

/*
 * Stores the transcript for an entry in failed/.  Without space, or if it has
 * no text, the entry has no transcript.
 */
void	last_attempt_store(struct spool *, const char *id,
	    const struct buffer *text);

/* Appends the transcript; nothing if there is none or it cannot be read. */
void	last_attempt_read(struct buffer *, const struct spool *,
	    const char *id);

void	last_attempt_remove(const struct spool *, const char *id);

#endif
