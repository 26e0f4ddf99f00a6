/*
 * dots.h - the single dot that ends a message, on a pipe and in SMTP
 *
 * On a pipe, without -i, a line that consists of a single dot ends the
 * message, with LF and CRLF alike.  A line that begins with two dots loses
 * one of them.  A line that begins with one dot followed by other text is kept
 * unchanged, because callers on a pipe do not dot-stuff.
 *
 * In SMTP (RFC 5321 section 4.5.2) the client dot-stuffs, and lines must have
 * the same line ending as the client's commands: CRLF, or LF for a client that
 * uses LF alone.  If both were accepted, text that the client treats as part of
 * the message could end the message here, and commands of an attacker could
 * follow.
 */
#ifndef MAIL_DOTS_H
#define MAIL_DOTS_H

#include <stdbool.h>
#include <stddef.h>

enum dots_state { DOTS_LINE_START, DOTS_IN_LINE, DOTS_AFTER_DOT,
	DOTS_AFTER_DOT_CR, DOTS_ENDED };

enum { DOTS_HELD_BACK = 2 };	/* octets of an earlier call: a dot and a CR */

struct dots {
	enum dots_state	state;		/* zero: at the start */
};

/*
 * Decodes len octets into 'to', which has room for len + DOTS_HELD_BACK;
 * returns the number of octets written.  After the end (state DOTS_ENDED)
 * nothing more is written.  If the input ends after a single dot on a line, the
 * dot, which has been held back, is dropped.  To decode in place, 'to' must
 * begin DOTS_HELD_BACK octets before 'from'.
 */
size_t	dots_decode(struct dots *, const char *from, size_t len, char *to);

enum dots_smtp_state { DOTS_SMTP_LINE_START, DOTS_SMTP_IN_LINE,
	DOTS_SMTP_AFTER_DOT, DOTS_SMTP_AFTER_DOT_CR, DOTS_SMTP_ENDED };

struct dots_smtp {
	enum dots_smtp_state	state;		/* zero: at the start */
	bool			bare_lf;	/* lines end with LF alone */
	bool			cr;		/* the last octet was a CR */
};

/*
 * Decodes len octets into 'to', which has room for len + 1; returns the
 * number of octets written.  *used is the number of octets consumed: fewer
 * than len if the message ended (state DOTS_SMTP_ENDED) and the next command
 * follows.
 */
size_t	dots_smtp_decode(struct dots_smtp *, const char *from, size_t len,
	    size_t *used, char *to);

#endif
