/*
 * probe.h - ask a server about a sender and a recipient, without a message
 *
 * Sends MAIL, RCPT and RSET in an open session, in the form in which
 * session_send() sends them.  Each function returns false with why if the
 * server refuses: the text begins with the command, s->reply is the reply, and
 * the status is that of an outcome.  If no valid reply was received, s->broken
 * is set.
 */
#ifndef SMTP_PROBE_H
#define SMTP_PROBE_H

#include <stdbool.h>

#include "mail/envelope.h"
#include "smtp/session.h"
#include "util/failure.h"

/* With REQUIRETLS, session_can_require_tls() must be true. */
bool	probe_mail(struct session *, const struct envelope *,
	    struct failure *why);

/* The first forward-path of the envelope. */
bool	probe_rcpt(struct session *, const struct envelope *,
	    struct failure *why);

bool	probe_rset(struct session *, struct failure *why);

#endif
