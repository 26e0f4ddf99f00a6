/*
 * mail_log.h - one line in the mail log for each outcome of an attempt
 */
#ifndef RELAY_MAIL_LOG_H
#define RELAY_MAIL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "util/log.h"

/* The message that was attempted.  All pointers are borrowed. */
struct mail_log {
	const char		*id;	/* of its queue entry; NULL: none */
	uint32_t		 uid;	/* of the user who submitted it */
	const struct envelope	*envelope;
	const struct message	*message;
	const bool		*waited;	/* for each path: log it; NULL:
						 * log all */
};

/*
 * Logs each outcome with the event "sent", "deferred", "queued" (deferred, and
 * there is a queue entry) or "failed", the queue ID, uid, envelope, size,
 * Message-ID and reply.  OUTCOME_WAITING is not logged.  "sent" is logged at
 * LOG_INFO, all other events at LOG_WARNING.
 */
void	mail_log_outcomes(const struct log *, const struct mail_log *,
	    const struct outcome *);

#endif
