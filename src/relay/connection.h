/*
 * connection.h - connects to one endpoint and opens a session there
 *
 * Applies what the configuration says for a subject: address family, source
 * address, timeouts, TLS policy, credentials and the name in EHLO.
 */
#ifndef RELAY_CONNECTION_H
#define RELAY_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "config/command_process.h"
#include "config/config.h"
#include "config/credentials.h"
#include "config/identity.h"
#include "config/smarthost.h"
#include "net/connect.h"
#include "smtp/session.h"
#include "util/failure.h"
#include "util/interrupt.h"

struct connection {
	/* Set by the caller, and borrowed. */
	const struct config		*config;
	const struct identity		*me;
	const struct session_trace		*trace;		/* NULL: none */
	struct interrupt		*interrupt;	/* NULL: none */
	struct command_process		*commands;
	struct config_subject		 subject;
	const struct smarthost_url		*smarthost;
	struct endpoint			 at;
	bool				 no_chunking;	/* do not use BDAT */

	bool				 is_open;
	int64_t				 used;		/* clock_ms() */
	char				*helo;		/* owned */
	struct credentials		 credentials;
	struct auth_options		 auth;
	char				 prefix[300];	/* of all texts, such as
							 * "[::1]:587: " */
	struct session_options		 options;
	/* Large, and not cleared by connection_begin(). */
	struct session			 session;	/* if .is_open */
};

void	connection_begin(struct connection *);

/*
 * Connects and opens a session.  False with why: the text begins with the
 * prefix and ends with advice (relay/advice.h) unless a signal has interrupted
 * it; the status is that of
 * connect.h, tls.h, credentials.h or session.h.  .session.step and
 * .session.reply are valid only if connection_open() returns true.
 */
bool	connection_open(struct connection *, struct failure *why);

/*
 * Whether the open session can take another message: the server has neither
 * sent anything nor closed the connection, and, if the session has been idle
 * for three seconds, replies to NOOP in time.
 */
bool	connection_is_alive(struct connection *);

/* Closes the session, if one is open. */
void	connection_close(struct connection *);

#endif
