/*
 * relay.h - sends messages to the smarthosts of the configuration
 *
 * relay_send() has one loop over the routes of a message (relay/route.h) and
 * the endpoints of each route (relay/endpoints.h).  It sends to one endpoint
 * through relay_try(), which calls session_send().  The session stays open for
 * the next message with the same settings until relay_end().
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdbool.h>

#include "config/command_process.h"
#include "config/config.h"
#include "config/identity.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "relay/connection.h"
#include "relay/endpoints.h"
#include "util/failure.h"
#include "util/interrupt.h"
#include "util/sandbox.h"

/*
 * Callbacks for a caller that keeps the message on disk.  If the process is
 * killed, the entry that it leaves must not be sent to the same recipients
 * again.  If a callback returns false, with why, no further transaction
 * begins.
 */
struct relay_callbacks {
	/* Called before the first transaction of a message in each session. */
	bool	(*before_send)(void *context, struct failure *why);

	/* Called after each transaction that has added outcomes. */
	bool	(*after_transaction)(void *context, struct failure *why);
	void	*context;
};

struct relay {
	const struct config		*config;	/* borrowed */
	const struct identity		*me;		/* borrowed */
	const struct session_trace		*trace;		/* borrowed, or NULL */
	struct interrupt		*interrupt;	/* borrowed, or NULL:
							 * ends the attempt */
	const struct relay_callbacks	*callbacks;	/* borrowed, or NULL */
	struct command_process		 commands;
	struct endpoints		 endpoints;
	struct config_view		 view;		/* of the connection */
	bool				 stopped;	/* by a callback or a
							 * signal, for this
							 * message */

	/*
	 * For a caller with many messages: if no endpoint can be reached, or
	 * all reply 421 to MAIL, the next messages with the same settings are
	 * not attempted.  A 421 reply to MAIL may be meant for one sender or
	 * message, so the sender's next message is attempted, too; after two
	 * in a row no further messages of this sender are attempted, and after
	 * those of two senders no messages at all.
	 */
	bool				 remember_failures;
	bool				 down;
	unsigned			 turned_away;	/* 421 in a row */
	char				*down_sender;	/* owned; of the last
							 * 421 reply */
	struct config_view		 down_view;	/* of .down and the 421
							 * replies */

	/*
	 * Large, and not cleared by relay_begin(): each is filled in before it
	 * is used.
	 */
	struct failure			 down_why;	/* if .down or
							 * .turned_away */
	struct failure			 stopped_why;	/* if .stopped */
	struct connection		 connection;
};

void	relay_begin(struct relay *, const struct config *,
	    const struct identity *, const struct session_trace *);

/*
 * Starts the process that runs the commands for credentials, and enters the
 * sandbox.  Call it before the first attempt: the server may be hostile.
 */
void	relay_confine(struct relay *, const struct sandbox *);

/*
 * Makes one attempt for all forward-paths whose outcome is OUTCOME_WAITING;
 * each has another outcome afterwards.  Forward-paths to which different
 * sections [to] apply are sent in one transaction for each route
 * (relay/route.h).  The text of an outcome names the host, port, step and
 * reply, and, if it is known, the cause and the line of the configuration.
 *
 * If the session that was kept open after an earlier message has ended, or was
 * idle and does not reply to NOOP in time, a new session is opened.  If a
 * callback or a signal stops the attempt, the other forward-paths are deferred
 * for that reason.
 */
void	relay_send(struct relay *, const struct envelope *,
	    const struct message *, struct outcome *outcomes);

void	relay_end(struct relay *);

#endif
