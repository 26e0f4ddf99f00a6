/*
 * transaction.h - one mail transaction of a session (RFC 5321 section 3.3)
 *
 * For the files that implement session_send(): transaction.c sends the
 * envelope, transaction_data.c sends the message, transaction_ahead.c sends the
 * next envelope with the end of the message, and reply_outcome.c converts
 * replies to outcomes.
 */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "mime/wire.h"
#include "smtp/session.h"
#include "smtp/smtp_paths.h"

/* The command that sends the message. */
enum transaction_mode {
	TRANSACTION_BY_DATA,
	TRANSACTION_BY_BDAT,		/* after the replies to RCPT */
	TRANSACTION_BY_EARLY_BDAT,	/* in the same flight as RCPT */
};

struct transaction {
	struct session		*s;
	const struct envelope	*env;
	struct wire		 wire;
	struct smtp_paths	 paths;
	struct outcome		*outcomes;	/* one per forward-path */
	size_t			 from;		/* all forward-paths before it
						 * have an outcome */
	size_t			*index;		/* of the forward-paths in this
						 * transaction */
	bool			*accepted;	/* parallel to index; also
						 * after a refused MAIL */
	size_t			 n;
	size_t			 n_accepted;
	enum transaction_mode		 mode;
	bool			 rset;		/* the first flight begins with
						 * RSET */
	bool			 ahead;		/* the envelope was sent with
						 * the end of the previous
						 * message */
	bool			 proven;	/* the server has accepted
						 * another envelope that was
						 * sent ahead */
	bool			 again;		/* it may have been refused
						 * only because it was sent
						 * ahead: send it again */
	bool			 retried;	/* it has been sent again */
	bool			 requires_tls;	/* send REQUIRETLS */
	bool			 mail_accepted;
	bool			 data_accepted;	/* 354, or BDAT follows */
	bool			 too_many;	/* 452: the others require
						 * another transaction */
	bool			 accepted_after;	/* a recipient was
							 * accepted after that
							 * 452 */
	bool			 stale;		/* RCPT was accepted although
						 * MAIL was refused */
	bool			*data_sent;	/* as in session_send() */
};

/* transaction.c */

/*
 * Prepares the message for the server, after .s, .env and .outcomes have been
 * set.  Returns false, with why, if it cannot be read; call transaction_free()
 * in either case.
 */
bool	transaction_prepare(struct transaction *, const struct message *,
	    struct failure *why);
void	transaction_free(struct transaction *);

/*
 * Returns false if the server cannot accept the message, because of its size or
 * REQUIRETLS, and fills in the outcomes.
 */
bool	transaction_is_possible(struct transaction *);

/*
 * Selects forward-paths without an outcome, as many as the server accepts in
 * one transaction, and the command that sends the message.
 */
void	transaction_select(struct transaction *);

/*
 * Sends one flight of the envelope, with the recipients from first to end - 1.
 * The first flight begins with MAIL, and the last one ends with DATA or, with
 * early BDAT, the message.  Input is expected meanwhile.
 */
bool	transaction_send_flight(struct transaction *, size_t first, size_t end,
	    struct failure *why);

/* reply_outcome.c */

/*
 * Sets the outcome of one forward-path from the reply in s->reply.  The text
 * begins with the command 'what'.
 */
void	reply_outcome(struct transaction *, size_t i, enum session_step,
	    const char *what);

/*
 * Sets the outcome of each forward-path that the server has not refused, in the
 * same way.
 */
void	reply_outcome_rest(struct transaction *, enum session_step);

/*
 * Call this if the message was sent but no valid reply was received: each
 * forward-path for which the server may have accepted the message is deferred,
 * in doubt.  With early BDAT, this includes forward-paths that the server
 * accepted after it had refused MAIL, and those with an invalid reply.
 */
void	reply_outcome_in_doubt(struct transaction *,
	    const struct failure *why);

#endif
