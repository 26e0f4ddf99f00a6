/*
 * outcome.h - the result of one attempt for one forward-path, and of all
 * attempts for a message
 */
#ifndef MAIL_OUTCOME_H
#define MAIL_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "net/tls.h"

enum outcome_kind {
	OUTCOME_WAITING,	/* not tried yet */
	OUTCOME_DELIVERED,	/* the smarthost replied 2xx */
	OUTCOME_DEFERRED,	/* to be tried again later */
	OUTCOME_FAILED,		/* refused permanently */
};

/* The step of a session that a reply or a failure belongs to. */
enum session_step {
	STEP_GREETING, STEP_EHLO, STEP_STARTTLS, STEP_TLS, STEP_AUTH,
	STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_BODY, STEP_FINAL, STEP_RSET,
	STEP_NOOP, STEP_QUIT,
};

enum { OUTCOME_TEXT_MAX = 1024 };	/* octets of a text, with its NUL */

/*
 * Outcomes with the same text share it: 10,000 recipients with one reply need
 * 1 MB instead of 11 MB.  A copy that is made by assignment borrows the text.
 */
struct outcome {
	enum outcome_kind	kind;
	int			status;		/* EX_* for the caller */
	int			code;		/* reply code, 0: no reply */
	enum session_step	step;
	char			enhanced[12];	/* "5.1.1" or "" */
	bool			in_doubt;	/* deferred, but the server may
						 * have accepted the message:
						 * the final reply was lost */
	const char		*text;		/* step and reply, one line,
						 * safe for a terminal; may be
						 * NULL: use outcome_text() */
	unsigned		*users;		/* the number of outcomes that
						 * share the text; NULL if it is
						 * constant or borrowed */
	bool			not_attempted;	/* no session with a server
						 * could be opened */
	bool			paced;		/* deferred: it waits its turn
						 * (submit/pace.h) */
	bool			dsn_offered;	/* delivered: the server sends
						 * the notices (RFC 3461) */
	bool			delay_reported;	/* the sender was notified of
						 * the delay */
	unsigned		smarthost;	/* that was tried last: its
						 * number in relay/tried.h,
						 * from 1; 0: none */
	struct tls_summary	tls;		/* of the session; unknown if
						 * there was none */
	size_t			reply_end;	/* where the advice begins in
						 * the text; 0: none */
};

/* The text, or "". */
const char *outcome_text(const struct outcome *);

/*
 * Set the text, or append to it.  A text that is too long is truncated.  The
 * arguments may include the old text.
 */
void	outcome_set_text(struct outcome *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
void	outcome_add_text(struct outcome *, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * Whether the outcomes have the same reply and share its text.  .paced,
 * .dsn_offered, .smarthost, .tls and .reply_end are not compared.
 */
bool	outcome_is_like(const struct outcome *, const struct outcome *);

/* Replaces the text with that of another outcome. */
void	outcome_share_text(struct outcome *, const struct outcome *like);

/* Copies *from to *to, which then shares its text. */
void	outcome_set(struct outcome *to, const struct outcome *from);

/* Releases the text, and sets all members to 0. */
void	outcome_clear(struct outcome *);

/* A list that shares the texts of another one. */
struct outcome *outcome_list_copy(const struct outcome *, size_t n);

/* The list may be NULL. */
void	outcome_list_free(struct outcome *, size_t n);

/*
 * The order of importance among the outcomes of a message.  A deferred
 * forward-path that no queue holds is the most important one, because the
 * caller has to try again; then a failure that is not about the recipient;
 * then a refused recipient.
 */
enum outcome_rank {
	OUTCOME_RANK_DELIVERED,
	OUTCOME_RANK_QUEUED,
	OUTCOME_RANK_WAITING,	/* this rank and those below are problems */
	OUTCOME_RANK_NO_USER,
	OUTCOME_RANK_FAILED,
	OUTCOME_RANK_DEFERRED,
};

/* queued, here and below: the queue holds the deferred forward-paths. */
enum outcome_rank outcome_rank(const struct outcome *, bool queued);

/*
 * The outcome with the highest rank, the first of them if there are several;
 * NULL if none is a problem.
 */
const struct outcome *outcome_worst(const struct outcome *, size_t n,
	    bool queued);

/*
 * The exit status for all outcomes of a message: EX_OK without a problem,
 * EX_TEMPFAIL if some failed and others have to be tried again, else that of
 * the worst.
 */
int	outcome_status(const struct outcome *, size_t n, bool queued);

/*
 * Calls line() with "not sent to a@example.org, b@example.org: ..." for each
 * different text among the problems, in the order of the forward-paths, safe
 * for a terminal.  Texts that differ only in the forward-path are treated as
 * one, and the first of them is shown.  A line names up to 10 forward-paths and
 * contains the number of the others.  Takes n log n steps.
 */
void	outcome_describe(const struct envelope *, const struct outcome *,
	    bool queued, void (*line)(void *context, const struct outcome *,
	    const char *text), void *context);

#endif
