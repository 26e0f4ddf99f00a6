/*
 * bounce.h - a delivery status notification (RFC 3464, RFC 3461)
 *
 * Reports to the sender what happened to forward-paths: in plain text, as
 * message/delivery-status, and with the original message or its header.  It
 * has the null sender and NOTIFY=NEVER, so it does not cause another one.  It
 * is prepared like a message from a program (submit/prepare.h).
 */
#ifndef SUBMIT_BOUNCE_H
#define SUBMIT_BOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "submit/prepare.h"
#include "util/failure.h"

/* Forward-paths to report, and the bit of NOTIFY that permits it. */
enum bounce_kind {
	BOUNCE_FAILED,		/* failed; FAILURE, or no NOTIFY */
	BOUNCE_DELAYED,		/* waiting or deferred; DELAY */
	BOUNCE_RELAYED,		/* delivered in this attempt to a server that
				 * does not offer DSN; SUCCESS */
};

/* All pointers are borrowed. */
struct bounce_report {
	enum bounce_kind	 kind;
	const struct envelope	*envelope;	/* of the original message */
	const struct outcome	*outcomes;
	const struct message	*message;
	const bool		*attempted;	/* for each: in the attempt that
						 * has just been made; NULL:
						 * all */
	int64_t			 arrived;	/* seconds since the epoch */
	int64_t			 retry_until;	/* seconds since the epoch, for
						 * BOUNCE_DELAYED */
	struct spool		*spool;
	uint32_t		 uid;		/* as in spool_submission */
	const char		*caller;	/* as in spool_submission */
};

/* Whether the message has a sender and there is something to report. */
bool	bounce_is_due(const struct bounce_report *);

struct bounce {
	struct envelope	 envelope;
	struct message	 message;
	struct outcome	*outcomes;	/* owned */
};

/*
 * Makes and prepares the bounce; the options are those for the original
 * message, .about is set.  Returns false, with why, if the message cannot be
 * read (EX_IOERR), if the bounce cannot be stored (EX_CANTCREAT), or if
 * prepare_message() fails.  Call bounce_free() in any case.
 */
bool	bounce_make(struct bounce *, const struct bounce_report *,
	    const struct prepare_options *, struct failure *why);

/* Puts the bounce into the queue, to be sent now.  As spool_commit(). */
bool	bounce_queue(const struct bounce *, const struct bounce_report *,
	    char id[ID_SIZE], struct failure *why);

void	bounce_free(struct bounce *);

#endif
