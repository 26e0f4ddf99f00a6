/*
 * body_lines.h - a stored body line by line, in bounded memory
 */
#ifndef MAIL_BODY_LINES_H
#define MAIL_BODY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/message.h"

/*
 * A line without its line end; a long one in several pieces, of which none
 * ends within a character of UTF-8.  In a raw body a LF ends a line, and CRs
 * before it belong to the line end.
 */
struct body_line {
	const char	*text;
	size_t		 len;
	uint64_t	 at;		/* its offset in the body */
	bool		 starts;	/* the first piece of its line */
	size_t		 end;		/* octets of the line end that follows
					 * the last piece; 0: none does */
};

/* Calls for each.  False with EX_IOERR if the body can't be read. */
bool	body_each_line(const struct body *,
	    void (*)(void *context, const struct body_line *), void *context,
	    struct failure *why);

#endif
