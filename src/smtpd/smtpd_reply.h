/*
 * smtpd_reply.h - one reply of the server: reply code, enhanced status code
 * (RFC 3463) and text
 */
#ifndef SMTPD_REPLY_H
#define SMTPD_REPLY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "mail/envelope.h"
#include "mail/outcome.h"
#include "net/stream.h"
#include "util/buffer.h"
#include "util/failure.h"

struct smtpd_reply {
	int		code;		/* 250, 451, 550 ... */
	char		enhanced[12];	/* "2.1.0", or "" for none */
	struct buffer	text;		/* owned; lines separated by '\n' */
	bool		unbroken;	/* for a client that reads lines of any
					 * length; smtpd_reply_set() clears
					 * it */
};

/*
 * Replaces the reply.  smtpd_reply_set() always returns false, so that a
 * parser can set an error reply and return false in one statement.
 */
bool	smtpd_reply_set(struct smtpd_reply *, int code, const char *enhanced,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void	smtpd_reply_vset(struct smtpd_reply *, int code, const char *enhanced,
	    const char *fmt, va_list) __attribute__((format(printf, 4, 0)));

/* Sets the text of a failure, with the codes for its exit status. */
void	smtpd_reply_failure(struct smtpd_reply *, const struct failure *);

/*
 * LMTP: the reply for one forward-path after the end of the message (RFC 2033
 * section 4.2).  queued is the ID of the queue entry that holds the deferred
 * forward-paths, or NULL if the message is not in the queue.
 */
void	smtpd_reply_outcome(struct smtpd_reply *, const struct outcome *,
	    const char *queued);

/*
 * SMTP: the reply to a message, for all forward-paths.  A positive reply
 * promises delivery to each of them, so the reply is negative if at least one
 * forward-path has failed, or is deferred and not in the queue.  Its text lists
 * these forward-paths.
 */
void	smtpd_reply_outcomes(struct smtpd_reply *, const struct envelope *,
	    const struct outcome *, const char *queued);

/*
 * Writes the reply; long lines are broken (RFC 5321 section 4.5.3.1.5), unless
 * .unbroken is set.
 */
bool	smtpd_reply_write(const struct smtpd_reply *, struct stream *,
	    struct failure *);

void	smtpd_reply_free(struct smtpd_reply *);

#endif
