/*
 * queue_health.h - relais queue status: is the mail going out?
 */
#ifndef CLI_QUEUE_HEALTH_H
#define CLI_QUEUE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/spool.h"
#include "util/failure.h"

/* An outage that is tried again four times takes less. */
enum { QUEUE_HEALTH_OLDER_S = 60 * 60 };

/*
 * How much waits and was given up, for how long, and how the last attempts
 * went.  The exit status: 1 if something has waited for longer than that, or
 * the last message was given up and none was sent since; EX_OK; or that of
 * why.  No spool: nothing waits.
 */
int	queue_health(struct spool *, int64_t older_s, bool json,
	    struct failure *why);

#endif
