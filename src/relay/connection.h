/*
 * connection.h - connect to one endpoint and open a session
 *
 * Applies the settings for a subject: address family, source address, timeouts,
 * the way to the smarthost (relay/dial.h), TLS policy, credentials and the name
 * in EHLO.
 */
#ifndef RELAY_CONNECTION_H
#define RELAY_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/command_process.h"
#include "config/config.h"
#include "config/connect_process.h"
#include "config/credentials.h"
#include "config/identity.h"
#include "config/smarthost.h"
#include "net/connect.h"
#include "smtp/session.h"
#include "util/failure.h"
#include "util/interrupt.h"

/* Why no session could be opened, whatever the message is. */
enum connection_trouble {
	CONNECTION_TROUBLE_NONE,
	CONNECTION_TROUBLE_CONNECT,	/* also: it closes the connection */
	CONNECTION_TROUBLE_TLS,		/* such as its certificate */
	CONNECTION_TROUBLE_LOGIN,	/* it refuses the credentials */
	CONNECTION_TROUBLE_CONFIG,	/* such as an unreadable secret */
	CONNECTION_TROUBLE_BUSY,	/* 421, or another temporary reply */
};

struct connection {
	/* Set by the caller, and borrowed. */
	const struct config		*config;
	const struct identity		*me;
	const struct session_trace		*trace;		/* NULL: none */
	struct interrupt		*interrupt;	/* NULL: none */
	struct command_process		*commands;
	struct connect_process		*connector;
	struct config_subject		 subject;
	const struct smarthost_url		*smarthost;
	struct endpoint			 at;
	bool				 no_chunking;	/* do not use BDAT */
	unsigned			 rcpt_max;	/* for .rcpt_max of
							 * session_options */
	bool				 no_login;	/* read no credentials,
							 * and send no AUTH */

	bool				 is_exposed;	/* a secret that was
							 * used can be read by
							 * all users */
	int				 control;	/* of the program of
							 * connect_command;
							 * -1: none */
	bool				 is_open;
	int64_t				 last_used_ms;	/* clock_ms() */
	struct tls_summary		 tls;		/* if .is_open */
	char				*helo;		/* owned */
	struct credentials		 credentials;
	struct auth_options		 auth;
	char				 prefix[300];	/* of each text, such as
							 * "[::1]:587: " */
	struct session_options		 options;
	/* Large, and not cleared by connection_begin(). */
	struct session			 session;	/* if .is_open */
};

void	connection_begin(struct connection *);

/*
 * Connects and opens a session.  If the server refuses an access token of the
 * key token, it is renewed, and the session is opened again, once.  Returns
 * false with why: the text begins with the prefix and, unless a signal has
 * arrived, ends with advice (relay/advice.h); the status is that of dial.h,
 * tls.h, credentials.h or session.h.  .session.step and .session.reply are valid
 * only after true.
 * *trouble is set in either case.
 */
bool	connection_open(struct connection *, enum connection_trouble *,
	    struct failure *why);

/*
 * connection_open() in two parts, for a caller that connects by itself or
 * changes the options.  connection_prepare() fills in .options and reads the
 * credentials; connection_open_on() takes over a connected socket.  The texts
 * of failures have no advice.
 *
 * After connection_open_on() has failed, .session.step is the step, and
 * .session is valid for advice_add() until connection_close(), which must be
 * called.
 */
bool	connection_prepare(struct connection *, struct failure *why);
bool	connection_open_on(struct connection *, int fd, struct failure *why);

/* .connect_options for dial(). */
void	connection_connect_options(const struct connection *,
	    struct connect_options *);

/*
 * Whether the open session can take another message: the server has neither
 * sent anything nor closed the connection, and, if the session has been idle
 * for three seconds, replies to NOOP in time.
 */
bool	connection_is_alive(struct connection *);

/* The value of a setting for the subject, as config_text() returns it. */
const char *connection_text(const struct connection *, enum config_key);

/* Closes the session, if one is open. */
void	connection_close(struct connection *);

#endif
