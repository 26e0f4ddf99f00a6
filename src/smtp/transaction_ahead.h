/*
 * transaction_ahead.h - send the envelope of the next message with the end of
 * the message before (RFC 2920 section 3.1, RFC 3030)
 *
 * One flight has the end of a message, and MAIL, RCPT and, unless BDAT follows,
 * DATA for the next one.  A message therefore takes one round trip:
 *
 *	client				server
 *	message 1, MAIL 2, RCPT 2, DATA 2
 *					250 (1), 250, 250, 354 (2)
 *	message 2, MAIL 3, RCPT 3, DATA 3
 *
 * No octet of a message is sent before all replies to its envelope have been
 * read, so a broken connection leaves at most one message in doubt, as without
 * this: the one whose end was sent.
 *
 * Some servers may fail if commands follow the message.  A refusal that may
 * have this cause is not an outcome: the envelope is sent again, on its own.
 * If that succeeds, or if the connection breaks before any envelope that was
 * sent ahead has worked in this session, .ahead_failed of the session is set.
 *
 * Postfix 3.7 (also with smtpd_forbid_unauth_pipelining), Exim 4.96, Sendmail
 * 8.17 and Haraka 3.1 reply as they should; Exim sends the reply to the message
 * together with those to the envelope.  OpenSMTPD does not offer PIPELINING.
 * The submission service of Dovecot 2.3 gets no envelope ahead: it would end.
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

/* The final reply has been received, or has not: the session is broken. */
void	transaction_ahead_end(struct session *, bool received);

/*
 * Returns the transaction that was begun for this envelope, now owned, or NULL.
 */
struct transaction *transaction_ahead_take(struct session *,
	    const struct envelope *);

/*
 * Whether the refusal in s->reply may be due to the envelope's place; then sets
 * .again.
 */
bool	transaction_ahead_is_suspect(struct transaction *);

/* After a transaction: what it says about the server. */
void	transaction_ahead_settle(struct transaction *);

#endif
