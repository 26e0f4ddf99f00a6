/*
 * refold.h - a header field in lines that every server takes
 *
 * A fold goes where white space is, so that unfolding gives the same text
 * again (RFC 5322 section 2.2.3), and behind a comma of an address list, where
 * white space means nothing.
 */
#ifndef MAIL_REFOLD_H
#define MAIL_REFOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

enum {
	REFOLD_WIDTH = 76,	/* wanted; RFC 2047 section 2 */
	REFOLD_LIMIT = 998,	/* must; RFC 5322 section 2.1.1 */
};

/*
 * Appends a field ("Name: value", unfolded, no line end) with folds and its
 * CRLF.  False if it has a word that is too long for a line all the same.
 */
bool	refold(struct buffer *, const char *field, size_t len, bool at_commas);

#endif
