/*
 * queue_health.h - relais queue status: whether mail is delivered
 */
#ifndef CLI_QUEUE_HEALTH_H
#define CLI_QUEUE_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/queue_source.h"
#include "util/failure.h"

/*
 * The default of --older: long enough for four retries, so that a short outage
 * raises no alarm.
 */
enum { QUEUE_HEALTH_OLDER_S = 60 * 60 };

/*
 * Prints the size and age of the queue, the number of failed messages, and
 * the results of the last attempts.  Returns the exit status: 1 if a message
 * has waited for more than older_s seconds, if an entry was given up in the last
 * hour, or if a message was given up and none has been sent since; EX_OK
 * otherwise.  If the queue cannot be read,
 * returns the status of why.
 */
int	queue_health(struct queue_source *, int64_t older_s, bool json,
	    struct failure *why);

#endif
