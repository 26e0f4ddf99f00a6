/*
 * refold.h - a header field in lines that every server takes
 *
 * A fold goes where white space is, so that unfolding gives the same text
 * again (RFC 5322 section 2.2.3).  It may add white space only where that means
 * nothing: after a comma between addresses or URLs, and between message ids.
 */
#ifndef MIME_REFOLD_H
#define MIME_REFOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

enum {
	REFOLD_WIDTH = 76,	/* wanted; RFC 2047 section 2 */
	REFOLD_LIMIT = 998,	/* must; RFC 5322 section 2.1.1 */
};

/* Where a line may end, in addition to blanks. */
enum refold_place {
	REFOLD_BLANKS,
	REFOLD_ADDRESSES,	/* after a comma (RFC 5322 section 3.4) */
	REFOLD_URLS,		/* after a comma outside <> (RFC 2369) */
	REFOLD_IDS,		/* between > and < (RFC 5322 section 3.6.4) */
};

/*
 * Appends a field ("Name: value", unfolded, no line end) with folds and its
 * CRLF.  False if it has a word that is too long for a line all the same.
 */
bool	refold(struct buffer *, const char *field, size_t len,
	    enum refold_place);

#endif
