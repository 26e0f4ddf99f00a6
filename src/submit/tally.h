/*
 * tally.h - count the outcomes of an attempt for each smarthost
 */
#ifndef SUBMIT_TALLY_H
#define SUBMIT_TALLY_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/outcome.h"
#include "queue/spool.h"
#include "relay/tried.h"

/*
 * Adds the outcomes of recipients for whom a smarthost was tried to the
 * counters of the spool (queue/counters.h).  If selected is not NULL, only
 * those for which it is true are added.
 */
void	tally_outcomes(struct spool *, const struct tried *,
	    const struct outcome *, size_t n, const bool *selected);

#endif
