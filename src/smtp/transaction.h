/*
 * transaction.h - one mail transaction within a session (RFC 5321 section 3.3)
 *
 * What session_send() is made of.  transaction.c says the envelope and hears
 * what becomes of it, handover.c sends the message, judge.c turns replies
 * into outcomes.
 */
#ifndef SMTP_TRANSACTION_H
#define SMTP_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "mime/wire.h"
#include "smtp/session.h"
#include "smtp/smtp_paths.h"

/* How the message travels. */
enum way {
	BY_DATA,
	BY_BDAT,		/* after the recipients were answered */
	BY_EARLY_BDAT,		/* in one flight with them */
};

struct transaction {
	struct session		*s;
	const struct envelope	*env;
	struct wire		 wire;
	struct paths		 paths;
	struct outcome		*outcomes;	/* one for each forward-path */
	size_t			 from;		/* nobody waits before it */
	size_t			*index;		/* of those in this round */
	bool			*accepted;	/* parallel to index */
	size_t			 n;
	size_t			 n_accepted;
	enum way		 way;
	bool			 mail_taken;
	bool			 data_taken;	/* 354, or BDAT is to come */
	bool			 too_many;	/* 452: more in another round */
	bool			 taken_after;	/* that, so it was no limit */
	bool			*data_sent;
};

/* judge.c */

/* The outcome that the reply in s->reply gives to one path. */
void	judge(struct transaction *, size_t i, enum session_step,
	    const char *what);

/* The same for everybody whom the server has not refused before. */
void	judge_rest(struct transaction *, enum session_step);

/*
 * The message is out, and what the server did with it is not known: deferred
 * for all who may have it.
 */
void	judge_in_doubt(struct transaction *, const struct failure *why);

/* A class of reply that makes no sense at this step ends the session. */
bool	judge_nonsense(struct session *, enum session_step,
	    struct failure *why);

/* handover.c */

/* The message, behind a 354 or by BDAT, and the replies to it. */
bool	handover(struct transaction *, struct failure *why);

/* BDAT and the message, to be flushed with what was said before. */
bool	handover_early(struct transaction *, struct failure *why);

/* The replies to handover_early(), after those to the envelope. */
bool	handover_heard(struct transaction *, struct failure *why);

#endif
