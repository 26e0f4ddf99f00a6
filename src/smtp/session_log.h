/*
 * session_log.h - keep the dialogue of an attempt, in a limited space
 *
 * A session log is a session_trace.  It keeps the beginning and the end of the
 * dialogue, and passes each line on to another trace.  No memory is allocated
 * before the first line.  Like every trace, it contains neither secrets nor
 * any of the message.
 */
#ifndef SMTP_SESSION_LOG_H
#define SMTP_SESSION_LOG_H

#include <stddef.h>

#include "smtp/session.h"
#include "util/buffer.h"

enum { SESSION_LOG_MAX = 16 * 1024 };	/* octets of the text */

/* Do not move it after session_log_begin(). */
struct session_log {
	struct session_trace		 trace;	/* for the sessions */
	const struct session_trace	*next;	/* borrowed, or NULL */
	char				*text;	/* owned, or NULL */
	size_t				 total;	/* octets that were added */
};

void	session_log_begin(struct session_log *,
	    const struct session_trace *next);

/* Forgets the lines of the attempt before. */
void	session_log_clear(struct session_log *);

/*
 * Appends the lines, which begin with ">>> " (sent), "<<< " (received) or
 * "*** " (remark), and a remark in place of those that were not kept; at most
 * SESSION_LOG_MAX octets.
 */
void	session_log_write(struct buffer *, const struct session_log *);

void	session_log_end(struct session_log *);

#endif
