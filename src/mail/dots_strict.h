/*
 * dots_strict.h - the end of DATA, for an SMTP session (RFC 5321 4.5.2)
 *
 * Only one kind of line end counts, the one that the client's commands have:
 * CRLF, or LF for a client that knows no better.  Were both to count, what
 * is text to the client could be the end of the message to us, and commands
 * of a stranger's could stand behind it.
 */
#ifndef MAIL_DOTS_STRICT_H
#define MAIL_DOTS_STRICT_H

#include <stdbool.h>
#include <stddef.h>

enum dots_strict_state { STRICT_LINE_START, STRICT_IN_LINE, STRICT_AFTER_DOT,
	STRICT_AFTER_DOT_CR, STRICT_ENDED };

struct dots_strict {
	enum dots_strict_state	state;		/* zeroed: at the start */
	bool			bare_lf;	/* lines end with LF alone */
	bool			cr;		/* the last octet was a CR */
};

/*
 * Decodes len octets into 'to', which has room for len + 1, and returns how
 * many came out.  *used says how many went in: fewer than len if the message
 * ended (state STRICT_ENDED); the next command follows then.
 */
size_t	dots_strict_decode(struct dots_strict *, const char *from, size_t len,
	    size_t *used, char *to);

#endif
