/*
 * relay.h - send messages to the smarthosts of the configuration
 *
 * relay_send() tries the endpoints (relay/endpoints.h) of each route of a
 * message (relay/route.h): relay_try() connects to one endpoint and calls
 * session_send().  The session is kept open, until relay_end(), for the next
 * message with the same settings, from any sender.  A smarthost that is not a
 * server is tried by relay/delivery.h instead.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdatomic.h>
#include <stdbool.h>

#include "config/command_process.h"
#include "config/config.h"
#include "config/identity.h"
#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "relay/connection.h"
#include "relay/delivery_process.h"
#include "relay/endpoints.h"
#include "relay/route.h"
#include "relay/seats.h"
#include "relay/tried.h"
#include "util/failure.h"
#include "util/interrupt.h"
#include "util/sandbox.h"

/* An account at a smarthost. */
struct relay_login {
	const char	*url;	/* as configured; smarthost_write() */
	const char	*user;	/* or NULL */
};

/*
 * The login at a smarthost for the messages of a subject.  Its URL is written
 * to the buffer, and its user borrowed from the configuration.
 */
struct relay_login	relay_find_login(const struct config *,
			    const struct config_subject *,
			    const struct smarthost_url *, struct buffer *url);

/*
 * The message for which relay_send() will be called next.  All pointers are
 * borrowed.
 */
struct relay_next {
	const struct envelope	*envelope;
	const struct message	*message;
	const struct outcome	*outcomes;
	const char		*user;		/* who submitted it; or NULL */
};

/*
 * Callbacks for a caller that keeps the message on disk, so that an entry is
 * not sent to the same recipients again if the process is killed.  If a
 * callback returns false, with why, no further transaction begins.
 */
struct relay_callbacks {
	/* Called before the first transaction of a message in each session. */
	bool	(*before_send)(void *context, struct failure *why);

	/* Called after each transaction that has added outcomes. */
	bool	(*after_transaction)(void *context, struct failure *why);

	/*
	 * Called before a message is sent in its last transaction: the envelope
	 * of the next message can follow it in the same flight.  If the
	 * function returns true, relay_send() must be called for the next
	 * message, or relay_forget_next().  Called again if the message is sent
	 * again in another session; it must return false then.  NULL: there is
	 * never a next message.
	 */
	bool	(*next)(void *context, struct relay_next *);

	/*
	 * Called while the server has not replied to the message: next_sent()
	 * after the envelope of the next message was sent, and next_late() if
	 * the reply takes so long that the next message should not wait for it;
	 * after next_late(), relay_forget_next() can be called.  Each may be
	 * NULL.
	 */
	void	(*next_sent)(void *context);
	void	(*next_late)(void *context);
	void	*context;

	/*
	 * Called before a connection to a smarthost is made.  If it returns
	 * false, with why, none is made, and the next smarthost is tried.  This
	 * callback and the next one may be NULL.
	 */
	bool	(*before_connect)(void *login_context,
		    const struct relay_login *, struct failure *why);

	/*
	 * Called after that: the session is open, or, with trouble and why,
	 * cannot be opened.
	 */
	void	(*after_connect)(void *login_context,
		    const struct relay_login *, enum connection_trouble,
		    const struct failure *why);
	void	*login_context;
};

/*
 * How many messages in a row were refused temporarily in the reply to MAIL, for
 * each smarthost (struct config_view, hashed).  A reply whose enhanced status
 * code is about the sender does not count: others must not wait for it.  The
 * processes of a queue run share one, in memory that is zeroed at first.
 */
enum { RELAY_DEFERRALS_MAX = 16 };

struct relay_deferrals {
	struct {
		atomic_uint	view;		/* 0: free */
		atomic_uint	n;
	} slot[RELAY_DEFERRALS_MAX];
};

struct relay {
	const struct config		*config;	/* borrowed */
	const struct identity		*me;		/* borrowed */
	const struct session_trace	*trace;		/* borrowed, or NULL */
	struct interrupt		*interrupt;	/* borrowed, or NULL:
							 * ends the attempt */
	const struct relay_callbacks	*callbacks;	/* borrowed, or NULL */
	struct command_process		 commands;
	struct connect_process		 connector;
	struct delivery_process		 delivery;
	struct endpoints		 endpoints;
	struct config_view		 view;		/* of the connection */
	bool				 stopped;	/* by a callback or a
							 * signal, for this
							 * message */
	struct tried			 tried;		/* for this message */

	/*
	 * For a caller with many messages: if no endpoint can be reached, or
	 * all reply 421 to MAIL, further messages with the same settings are
	 * not attempted.  Since a 421 reply to MAIL may be about one sender or
	 * one message, another message is attempted first: if it is refused,
	 * too, and has the same sender, no further messages of this sender are
	 * attempted; if it has another sender, no messages at all.  If three
	 * messages in a row get another temporary reply to MAIL, no further
	 * messages are attempted either.  Other processes that share
	 * .deferrals count these replies together.
	 */
	bool				 remember_failures;
	struct relay_deferrals		*deferrals;	/* borrowed; relay_begin()
							 * sets it to: */
	struct relay_deferrals		 own_deferrals;

	struct seats			 seats;		/* the caller sets its
							 * file and time */
	bool				 no_seat;	/* a route of this
							 * message has none */

	/* The next message: the routes that relay_send() will use. */
	const struct envelope		*next;		/* borrowed; NULL:
							 * none */
	struct route_list		 next_routes;
	bool				 no_next;	/* after a failure, no
							 * envelope is sent
							 * ahead */
	bool				 down;
	unsigned			 refusals;	/* 421 in a row */
	char				*refused_sender; /* owned; of the last
							 * 421 reply */
	struct config_view		 down_view;	/* of .down and
							 * .refusals */

	/* Large; relay_begin() does not clear these. */
	struct failure			 down_why;	/* if .down or
							 * .refusals */
	struct failure			 stopped_why;	/* if .stopped */
	struct connection		 connection;
};

void	relay_begin(struct relay *, const struct config *,
	    const struct identity *, const struct session_trace *);

/*
 * Starts the processes that run the commands of the configuration and deliver
 * messages without a server, and enters the sandbox, which protects this
 * machine from a hostile server.  The process can then connect only to the TCP
 * ports in the configuration.  Call it before the first attempt.
 */
void	relay_confine(struct relay *, const struct sandbox *);

/*
 * Makes one attempt for all forward-paths whose outcome is OUTCOME_WAITING;
 * each has another outcome afterwards.  Forward-paths to which different
 * sections [to] apply are sent in separate transactions.  The text of an
 * outcome names the host, port, step and reply and, if they are known, the
 * remedy and the line of the configuration.  .tried has the smarthosts.
 *
 * If the session that was kept open after an earlier message has ended, or was
 * idle and does not reply to NOOP in time, a new session is opened.  If a
 * callback or a signal stops the attempt, the other forward-paths are deferred
 * for that reason.
 */
void	relay_send(struct relay *, const struct envelope *,
	    const struct message *, struct outcome *outcomes);

/*
 * Call this if the next message will not be sent, or not now.  If its envelope
 * was sent, the session is closed.
 */
void	relay_forget_next(struct relay *);

/* Closes the session, if one is open, while there are no messages. */
void	relay_rest(struct relay *);

/*
 * Whether relay_send() would defer the route without an attempt
 * (.remember_failures).
 */
bool	relay_has_given_up(const struct relay *, const struct route *);

/* Whether a process that relay_confine() has started was lost. */
bool	relay_is_broken(const struct relay *);

void	relay_end(struct relay *);

#endif
