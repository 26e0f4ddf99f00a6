/*
 * dots.h - the lone dot that ends a message on a pipe
 *
 * Sendmail's rule without -i: a line that is nothing but a dot ends the
 * message, before LF and CRLF alike, and of any other line that begins with
 * a dot that dot is taken off.
 */
#ifndef MAIL_DOTS_H
#define MAIL_DOTS_H

#include <stdbool.h>
#include <stddef.h>

enum dots_state { DOTS_LINE_START, DOTS_IN_LINE, DOTS_AFTER_DOT,
	DOTS_AFTER_DOT_CR, DOTS_ENDED };

struct dots {
	enum dots_state	state;		/* zeroed: at the start */
};

/*
 * Decodes len octets into 'to', which has room for len + 1; returns how many
 * came out.  After the end (state DOTS_ENDED) nothing more comes out.  A lone
 * dot that the input stops behind ends the message as well: what is held
 * back then is that dot, and it goes.
 */
size_t	dots_decode(struct dots *, const char *from, size_t len, char *to);

#endif
