/*
 * body_lines.h - read a stored body line by line, with bounded memory
 */
#ifndef MAIL_BODY_LINES_H
#define MAIL_BODY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/message.h"

/*
 * A line without its line end, or a piece of a long line.  A piece does not end
 * within a UTF-8 character.  In a raw body, a LF ends a line, and CRs before it
 * belong to the line end; in any other body, only CRLF ends a line.
 */
struct body_line {
	const char	*text;
	size_t		 len;
	uint64_t	 at;		/* offset in the body */
	bool		 starts;	/* first piece of its line */
	size_t		 end;		/* octets of the line end after it; 0:
					 * not the last piece of its line */
};

/*
 * Calls line() for each piece.  Returns false with EX_IOERR if the body cannot
 * be read.
 */
bool	body_each_line(const struct body *,
	    void (*line)(void *context, const struct body_line *),
	    void *context, struct failure *why);

#endif
