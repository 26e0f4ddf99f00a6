/*
 * backoff.h - the workers of a queue run and a smarthost that refuses the login
 *
 * In addition to the rules of submit/login_backoff.h, the workers of one queue
 * run make only one attempt together: until a login has succeeded in this queue
 * run, only one worker makes an attempt, and its failure is that of the other
 * entries.  A queue run on request makes one attempt at once.
 */
#ifndef RUNNER_BACKOFF_H
#define RUNNER_BACKOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/relay.h"
#include "submit/login_backoff.h"
#include "util/failure.h"

/* Of a queue run, in memory that its workers share.  Zeroed at first. */
struct backoff_shared;

size_t	backoff_shared_size(void);

/* Of a worker.  All pointers are borrowed. */
struct backoff {
	struct login_backoff	 login;
	struct backoff_shared	*shared;	/* NULL: no queue run */
	int			 lock;		/* a file; -1: none */
	bool			 lasting;	/* the last attempt failed for
						 * a reason that will last */
	bool			 locked;
};

/* The callbacks of struct relay_callbacks; the context is a struct backoff. */
bool	backoff_before_connect(void *context, const struct relay_login *,
	    struct failure *why);
void	backoff_after_connect(void *context, const struct relay_login *,
	    enum connection_trouble, const struct failure *why);

#endif
