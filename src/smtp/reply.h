/*
 * reply.h - read one SMTP reply (RFC 5321 section 4.2)
 *
 * Joins the lines of a reply and removes its enhanced status code (RFC 3463).
 * A code whose class contradicts the reply code stays in the text, so callers
 * may rely on .enhanced.  Control characters are made visible and secrets are
 * masked, so .text is safe to print.  A struct reply owns nothing.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "net/stream.h"
#include "smtp/secrets.h"
#include "util/failure.h"

enum {
	REPLY_LINE_MAX = 12288,		/* octets of a line; RFC 4954 requires
					 * this for AUTH, RFC 5321 only 512 */
	REPLY_LINES_MAX = 512,
	REPLY_TOTAL_MAX = 64 * 1024,	/* octets of all lines */
};

struct reply {
	int	code;		/* 250, 354, 550 ... */
	char	enhanced[12];	/* "5.1.1", or "" if the server sent none */
	char	text[1024];	/* lines joined by '\n', truncated to fit */
};

/*
 * .line is called for each line as soon as it is read, with two forms of the
 * line: visible and masked, and unchanged without its line end.
 */
struct reply_listener {
	void	(*line)(void *context, const char *shown,
		    const struct buffer *line);
	void	*context;
	const struct secrets	*secrets;	/* borrowed; NULL: none */
};

/*
 * Returns false with why: EX_TEMPFAIL if the connection closes, fails or times
 * out, EX_PROTOCOL if the input is not a reply.
 */
bool	reply_read(struct reply *, struct stream *,
	    const struct reply_listener *, struct failure *why);

bool	reply_is_positive(const struct reply *);	/* 2xx */
bool	reply_is_intermediate(const struct reply *);	/* 3xx */
bool	reply_is_transient(const struct reply *);	/* 4xx */
bool	reply_is_permanent(const struct reply *);	/* 5xx */
bool	reply_is_same(const struct reply *, const struct reply *);

/*
 * Writes "550 5.1.1 first line / second line", for errors and the log, and
 * returns 'to'.
 */
char	*reply_line(const struct reply *, char *to, size_t size);

#endif
