/*
 * delivery.h - one attempt at a smarthost that is not a server
 *
 * A program (command:) gets the message as a server that offers 8BITMIME and
 * SMTPUTF8 would, but with lines that end with LF.  Its exit status is the
 * outcome of all forward-paths that were passed to it.  A file in a Maildir
 * (maildir:) begins with the fields Return-Path and X-Envelope-To, one for each
 * forward-path.  discard: delivers nothing.
 */
#ifndef RELAY_DELIVERY_H
#define RELAY_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "config/smarthost.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "relay/delivery_process.h"
#include "smtp/session.h"
#include "util/failure.h"

/* All pointers are borrowed. */
struct delivery {
	struct delivery_process		*process;
	const struct smarthost_url	*smarthost;
	const char			*origin;	/* of the setting */
	const struct session_trace	*trace;	/* or NULL */
	int64_t				 timeout_ms;	/* 0: ten minutes */

	/* As in struct session_options. */
	bool			       (*after_transaction)(void *context);
	void				*context;
};

/* Whether a program that relais runs as a smarthost has started this process. */
bool	delivery_is_nested(void);

/*
 * Whether a delivery can be attempted.  False with why, which ends with the
 * remedy: EX_CONFIG, or EX_TEMPFAIL or EX_OSERR if a later attempt may succeed.
 * EX_UNAVAILABLE if the program that is to be run has sent this message itself:
 * it would be run again and again.
 */
bool	delivery_open(const struct delivery *, struct failure *why);

/* Sets why for a message with REQUIRETLS (RFC 8689): EX_UNAVAILABLE. */
void	delivery_refuse(const struct delivery *, struct failure *why);

enum delivery_end {
	DELIVERY_END,		/* each forward-path has an outcome, or
				 * .after_transaction returned false */
	DELIVERY_END_NEXT,	/* with why: for the others, another smarthost
				 * can be tried */
	DELIVERY_END_STOP,	/* with why: for the others, a later attempt */
};

/*
 * Delivers a message to all forward-paths whose outcome is OUTCOME_WAITING.  A
 * program is run several times if the paths have more than DELIVERY_PATHS_MAX
 * octets.
 */
enum delivery_end delivery_send(const struct delivery *,
	    const struct envelope *, const struct message *, struct outcome *,
	    struct failure *why);

#endif
