/*
 * mail_log.h - a line in the log for what became of each forward-path
 */
#ifndef RELAY_MAIL_LOG_H
#define RELAY_MAIL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "util/log.h"

struct account {
	const char		*id;	/* in the queue, or NULL */
	uint32_t		 uid;	/* who brought it */
	const struct envelope	*envelope;
	const struct message	*message;
	const bool		*waited;	/* only these forward-paths;
						 * NULL: all */
};

/*
 * "sent", "deferred", "queued" (deferred, with an id) or "failed", and what
 * helps to follow a message from log to log.  A forward-path that is still
 * OUTCOME_WAITING has nothing to tell.
 */
void	account_outcomes(const struct log *, const struct account *,
	    const struct outcome *);

#endif
