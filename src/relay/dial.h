/*
 * dial.h - connect to an endpoint: directly, through a proxy, or by a program
 *
 * A smarthost that is not reached directly is not on this machine, even if it
 * is named localhost, and its name is not looked up here.  A Unix socket is
 * always connected to directly.
 */
#ifndef RELAY_DIAL_H
#define RELAY_DIAL_H

#include <stdbool.h>

#include "config/config.h"
#include "net/connect.h"
#include "relay/connection.h"
#include "util/buffer.h"
#include "util/failure.h"

enum dial_way { DIAL_DIRECT, DIAL_PROXY, DIAL_COMMAND };

struct dial {
	enum dial_way		 way;
	const struct setting	*by;	/* borrowed; NULL if directly */
};

/* The cause in struct failure: the program of connect_command has ended. */
enum dial_cause { DIAL_CAUSE_COMMAND = 400 };

/* The way to c->smarthost for c->subject. */
struct dial dial_choose(const struct connection *c);

/*
 * Returns false with why (EX_CONFIG) if both proxy and connect_command apply,
 * because different sections set them.
 */
bool	dial_check(const struct connection *c, struct failure *why);

/*
 * Appends "proxy proxy.example.org:1080" or "command ssh", or nothing if the
 * way is the direct one.
 */
void	dial_write(struct buffer *, const struct dial *);

/*
 * Returns a socket as connect_to() does, connected to c->at, or -1 with why,
 * which begins with the words of dial_write(): the failure is that of
 * connect_to(), socks_connect() or connect_process_run(), or EX_CONFIG or
 * EX_NOPERM if the password for the proxy cannot be used.  A program of
 * connect_command has been started when this returns, but may fail later; its
 * control socket is in c->control.
 */
int	dial(struct connection *c, const struct connect_options *,
	    struct failure *why);

/*
 * Call this, before the connection is closed, if the connection of a program of
 * connect_command was lost or a reply did not arrive in time: ends the program,
 * and adds to why how it ended, and the last lines of its standard error.  If
 * the program could not be started, that becomes the failure.  Does nothing if
 * why is not EX_TEMPFAIL, or if a signal has arrived.
 */
void	dial_explain(struct connection *c, struct failure *why);

/* Lets the program of connect_command end, if one is running. */
void	dial_end(struct connection *c);

#endif
