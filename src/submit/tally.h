/*
 * tally.h - count the outcomes of an attempt for each smarthost
 */
#ifndef SUBMIT_TALLY_H
#define SUBMIT_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/outcome.h"
#include "queue/counters.h"
#include "queue/spool.h"
#include "relay/tried.h"

struct tally {
	struct counters	counters[TRIED_MAX];
	size_t		n;
};

/*
 * Counts the outcomes of recipients for whom a smarthost was tried.  If
 * selected is not NULL, only those for which it is true are counted.
 */
void	tally_count(struct tally *, const struct tried *,
	    const struct outcome *, size_t n, const bool *selected);

/*
 * Adds them to the counters of the spool (queue/counters.h).  Call this
 * function after the outcomes are recorded: if the process is killed while it
 * writes, the message must not be sent again.
 */
void	tally_write(const struct tally *, struct spool *);

#endif
