/*
 * usage.h - keeps a spool within its size
 *
 * Counting the spool for every message would cost time by the square of the
 * queue's length.  DIR/usage remembers the last count, and what was added
 * since; it is only a hint, counted anew when it is a minute old or says that
 * the spool is full, so a crash or a lost file does no harm.
 */
#ifndef QUEUE_USAGE_H
#define QUEUE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/spool.h"
#include "util/failure.h"

/*
 * Takes room for so many octets.  False with EX_TEMPFAIL if the spool would
 * pass its limit.  What is reserved and not used comes back by itself.
 */
bool	usage_reserve(struct spool *, uint64_t octets, int64_t now,
	    struct failure *why);

#endif
