/*
 * reply.h - read one SMTP reply (RFC 5321 section 4.2)
 *
 * Joins the lines of a reply and splits off its enhanced status code
 * (RFC 3463).  One whose class contradicts the reply code stays in the text,
 * so callers may believe .enhanced.  Control characters are made visible and
 * our secrets are masked on the way in, so .text is safe to print.  A struct
 * reply owns nothing.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "net/stream.h"
#include "smtp/secrets.h"
#include "util/failure.h"

enum {
	REPLY_LINE_MAX = 12288,		/* octets, as RFC 4954 has for AUTH;
					 * RFC 5321 says 512 */
	REPLY_LINES_MAX = 512,
	REPLY_TOTAL_MAX = 64 * 1024,
};

struct reply {
	int	code;		/* 250, 354, 550 ... */
	char	enhanced[12];	/* "5.1.1", or "" if the server gave none */
	char	text[1024];	/* lines joined by '\n', as many as fit */
};

/*
 * Called with every line as it comes, line end cut: made visible and masked,
 * and the octets themselves.
 */
struct reply_listener {
	void	(*line)(void *context, const char *shown,
		    const struct buffer *line);
	void	*context;
	const struct secrets	*secrets;	/* to be masked; borrowed */
};

/*
 * False when the connection closes, times out (EX_TEMPFAIL) or talks
 * nonsense (EX_PROTOCOL); *why then says which.
 */
bool	reply_read(struct reply *, struct stream *,
	    const struct reply_listener *, struct failure *why);

bool	reply_is_positive(const struct reply *);	/* 2xx */
bool	reply_is_intermediate(const struct reply *);	/* 3xx */
bool	reply_is_transient(const struct reply *);	/* 4xx */
bool	reply_is_permanent(const struct reply *);	/* 5xx */

/* "550 5.1.1 first line / second line", for messages and the log. */
char	*reply_line(const struct reply *, char *to, size_t size);

#endif
