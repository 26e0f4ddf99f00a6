/*
 * usage.h - limits the size of a spool
 *
 * Measuring the spool for every message would take quadratic time.  DIR/usage
 * contains the last measured size and the octets that were added since.  It is
 * only a hint: if it is a minute old, or if the limit seems to be reached, the
 * spool is measured again, so a crash or a lost file has no consequences.
 */
#ifndef QUEUE_USAGE_H
#define QUEUE_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/spool.h"
#include "util/failure.h"

/*
 * Reserves space for the octets.  Returns false with EX_TEMPFAIL if the spool
 * would exceed its limit.  Space that is not used becomes free when the
 * spool is measured again.
 */
bool	usage_reserve(struct spool *, uint64_t octets, int64_t now,
	    struct failure *why);

#endif
