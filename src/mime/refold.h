/*
 * refold.h - fold a header field
 *
 * A field is folded at white space, so that unfolding it restores the text (RFC
 * 5322 section 2.2.3).  White space is added only where it has no meaning:
 * after a comma between addresses or URLs, and between message ids.
 */
#ifndef MIME_REFOLD_H
#define MIME_REFOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

enum {
	REFOLD_WIDTH = 76,	/* preferred; RFC 2047 section 2 */
	REFOLD_LIMIT = 998,	/* maximum; RFC 5322 section 2.1.1 */
};

/* Where white space may be added for a fold. */
enum refold_place {
	REFOLD_BLANKS,		/* nowhere: fold at white space only */
	REFOLD_ADDRESSES,	/* after a comma (RFC 5322 section 3.4) */
	REFOLD_URLS,		/* after a comma outside <> (RFC 2369) */
	REFOLD_IDS,		/* between > and < (RFC 5322 section 3.6.4) */
};

/*
 * Appends the folded field with its CRLF.  The input is "Name: value" without
 * folds or a line end.  Returns false if a line is longer than REFOLD_LIMIT
 * because a word does not fit; the field is appended even then.
 */
bool	refold(struct buffer *, const char *field, size_t len,
	    enum refold_place);

#endif
