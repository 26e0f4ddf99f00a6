/*
 * dots.h - the lone dot that ends a message on a pipe
 *
 * Sendmail's rule without -i: a line that consists of a single dot ends the
 * message, with LF and CRLF alike.  A line that begins with two dots loses
 * one of them.  A line that begins with one dot and goes on keeps it: callers
 * on a pipe do not dot-stuff.
 */
#ifndef MAIL_DOTS_H
#define MAIL_DOTS_H

#include <stdbool.h>
#include <stddef.h>

enum dots_state { DOTS_LINE_START, DOTS_IN_LINE, DOTS_AFTER_DOT,
	DOTS_AFTER_DOT_CR, DOTS_ENDED };

enum { DOTS_HELD_BACK = 2 };	/* octets of an earlier call: a dot and a CR */

struct dots {
	enum dots_state	state;		/* zeroed: at the start */
};

/*
 * Decodes len octets into 'to', which has room for len + DOTS_HELD_BACK;
 * returns the number of octets written.  After the end (state DOTS_ENDED)
 * nothing more is written.  If the input ends after a lone dot, that dot ends
 * the message, too: it has been held back and is dropped.  To decode in place,
 * 'to' begins DOTS_HELD_BACK octets before 'from'.
 */
size_t	dots_decode(struct dots *, const char *from, size_t len, char *to);

#endif
