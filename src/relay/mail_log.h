/*
 * mail_log.h - log the outcomes of an attempt, one line for each forward-path
 */
#ifndef RELAY_MAIL_LOG_H
#define RELAY_MAIL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "util/log.h"

/* The program that submitted a message. */
struct mail_log_client {
	long	pid;
	char	program[80];	/* its name, or that of the program that called
				 * relais */
};

/* The message that was attempted.  All pointers are borrowed. */
struct mail_log {
	const char		*id;	/* of its queue entry; NULL: none */
	uint32_t		 uid;	/* of the user who submitted it;
					 * UINT32_MAX: unknown */
	const struct mail_log_client *client;	/* or NULL: unknown */
	const struct envelope	*envelope;
	const struct message	*message;
	const bool		*selected;	/* for each forward-path:
						 * whether to log it; NULL: log
						 * all */
};

/*
 * Logs each outcome except OUTCOME_WAITING: the status, queue ID, uid, client,
 * paths, size, Message-ID, TLS and reply.  The status is "sent" (at LOG_INFO),
 * or "failed", "deferred" or, if a queue entry holds the message, "queued" (at
 * LOG_WARNING).
 */
void	mail_log_outcomes(const struct log *, const struct mail_log *,
	    const struct outcome *);

#endif
