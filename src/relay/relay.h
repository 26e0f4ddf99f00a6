/*
 * relay.h - hands messages to the smarthost that the configuration names
 *
 * Joins the configuration, the network and the SMTP session: which smarthost
 * comes first, how it is reached, who we are to it, and what its answers mean
 * to whoever has to read about them.  The session stays open for the next
 * message to the same smarthost until relay_end().
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdbool.h>

#include "config/command_process.h"
#include "config/config.h"
#include "config/credentials.h"
#include "config/identity.h"
#include "config/smarthost.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "net/connect.h"
#include "net/lookup.h"
#include "smtp/session.h"
#include "util/failure.h"
#include "util/interrupt.h"
#include "util/sandbox.h"

/*
 * For a caller that keeps the message on disk: a process that is killed must
 * not leave an entry behind that would be sent to the same recipients again.
 * Each may return false, with why, to prevent further transactions.
 */
struct relay_watch {
	/* Before the first transaction of each session. */
	bool	(*ready)(void *context, struct failure *why);

	/* After a transaction: relay_send()'s outcomes have something new. */
	bool	(*judged)(void *context, struct failure *why);
	void	*context;
};

struct relay {
	const struct config		*config;	/* borrowed */
	const struct identity		*me;		/* borrowed */
	const struct trace		*trace;		/* borrowed, or NULL */
	struct interrupt		*interrupt;	/* the same: ends the
							 * attempt */
	const struct relay_watch	*watch;		/* borrowed, or NULL */
	struct smarthost_list		 hosts;		/* of this message */
	const struct smarthost		*host;		/* the one tried now */
	struct endpoint			 at;		/* where it is */
	bool				 no_chunking;	/* nor does it know */
	struct config_subject		 subject;
	struct config_view		 view;		/* of the session */
	struct command_process		 commands;
	struct credentials		 credentials;
	struct auth_options		 auth;
	char				*helo;		/* owned; of the
							 * session, or NULL */
	struct session_options		 options;
	bool				 connected;
	int64_t				 used;		/* clock_ms(), when the
							 * session was of use */
	bool				 reached;	/* a session was open in
							 * the last attempt */
	bool				 stopped;	/* by the watch or a
							 * signal, for this
							 * message */

	/*
	 * For who has many messages to send: a smarthost that could not be
	 * reached, or wants no more for now, is not asked for the next ones.
	 * A 421 in reply to MAIL may be meant for one sender or message, so
	 * the sender's next message is offered, too; after two in a row no
	 * more of this sender's, and after those of two senders no more at
	 * all.
	 */
	bool				 remember;
	bool				 down;
	unsigned			 turned_away;	/* so often in a row */
	char				*down_sender;	/* owned; the last one
							 * turned away */
	struct config_view		 down_view;	/* the settings of it */

	/* Large, and not cleared at the beginning: each is filled in before
	 * it is looked at. */
	struct session			 session;	/* if .connected */
	struct lookup_targets		 found;		/* by +srv or +mx */
	struct failure			 down_why;	/* if .down, or somebody
							 * was turned away */
	struct failure			 stopped_why;	/* if .stopped */
};

void	relay_begin(struct relay *, const struct config *,
	    const struct identity *, const struct trace *);

/*
 * To be called before the first attempt, since a hostile server may answer.
 * Starts the process that runs the commands for credentials, and enters the
 * sandbox.
 */
void	relay_confine(struct relay *, const struct sandbox *);

/*
 * One attempt for all forward-paths whose outcome is OUTCOME_WAITING; each
 * has another one afterwards.  Those that come under different sections [to]
 * travel in one transaction for each route (relay/route.h).  Outcomes' texts
 * name host, port, step, reply, and where it is known the cause and the place
 * in the configuration.  A session kept from an earlier message that turns
 * out to be over, or has been idle and does not answer NOOP in time, is opened
 * anew.  If the watch or a signal stopped it, those not judged are deferred for
 * that reason.
 */
void	relay_send(struct relay *, const struct envelope *,
	    const struct message *, struct outcome *outcomes);

void	relay_end(struct relay *);

#endif
