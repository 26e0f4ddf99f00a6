/*
 * transaction_ahead.h - send the envelope of the next message with the end of
 * the current one (RFC 2920 section 3.1, RFC 3030)
 *
 * One flight has the end of a message, and MAIL, RCPT and, unless BDAT follows,
 * DATA for the next message.  Each message therefore takes one round trip:
 *
 *	client				server
 *	message 1, MAIL 2, RCPT 2, DATA 2
 *					250 (1), 250, 250, 354 (2)
 *	message 2, MAIL 3, RCPT 3, DATA 3
 *
 * No octet of a message is sent before all replies to its envelope have been
 * read.  If the connection breaks, at most one message is therefore in doubt,
 * the one whose end was sent, as without envelopes that are sent ahead.
 *
 * A server may fail if commands follow the message.  A refusal that may have
 * this cause is not an outcome: the envelope, or the recipients that were
 * refused, are sent again, on their own.  If the server accepts them, or if the
 * connection breaks before the session has successfully sent an envelope ahead,
 * .ahead_failed of the session is set.
 *
 * A refusal is an outcome if the session has shown that the server can do this:
 * it has accepted another envelope that followed an accepted message.  A
 * permanent refusal of MAIL or DATA, and 503, are nevertheless tried again:
 * they are rare, and would cause a bounce.
 *
 * Postfix 3.7 (also with smtpd_forbid_unauth_pipelining), Exim 4.96, Sendmail
 * 8.17 and Haraka 3.1 reply correctly; Exim sends the reply to the message
 * together with those to the envelope.  OpenSMTPD, which does not offer
 * PIPELINING, would reply 500 to the message and close the connection.  To the
 * submission service of Dovecot 2.3, which would exit, no envelope is sent
 * ahead.
 */
#ifndef SMTP_TRANSACTION_AHEAD_H
#define SMTP_TRANSACTION_AHEAD_H

#include <stdbool.h>

#include "mail/envelope.h"
#include "smtp/transaction.h"

/*
 * Before the message of a transaction is sent: asks .next for the message that
 * follows, and prepares its envelope if possible.  Returns whether there is
 * such a message.
 */
bool	transaction_ahead_prepare(const struct transaction *);

/*
 * After the end of the message: sends the envelope, if one was prepared, and
 * waits for the reply; if that is late, calls .next_late.  A failure is that of
 * the session, and is found when the replies are read.
 */
void	transaction_ahead_send(struct session *);

/*
 * After the final reply: it was received, or the session is broken.
 */
void	transaction_ahead_end(struct session *, bool received);

/*
 * Returns the transaction of this envelope if the envelope was sent ahead, or
 * NULL.  The caller then owns the transaction.
 */
struct transaction *transaction_ahead_take(struct session *,
	    const struct envelope *);

/*
 * If the refusal in s->reply, to the command of s->step, may have occurred only
 * because the envelope was sent ahead, sets .again and returns true.
 */
bool	transaction_ahead_is_suspect(struct transaction *);

/* After a transaction: records whether the server accepts envelopes ahead. */
void	transaction_ahead_settle(struct transaction *);

#endif
