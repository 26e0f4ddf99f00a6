/*
 * recoder.h - text in a form that 7 bits and short lines can carry
 *
 * Octets go in piece by piece and come out in lines of 76 at the most, so
 * that memory does not grow with the text.  What goes in has CRLF line ends
 * only, and what a MIME reader decodes of what comes out is what went in (RFC
 * 2045 section 6).  A line that is broken never begins anew with "--": text
 * can't be taken for the boundary between two parts.
 *
 * Readers differ in what they make of text that is labelled quoted-printable
 * or base64 and is neither, so such text is recognized: a "=" that encodes no
 * octet and breaks no line; an octet, a blank or a length that base64 does not
 * have.  .mislabelled is final after recoder_end().
 */
#ifndef MIME_RECODER_H
#define MIME_RECODER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

enum recoding {
	RECODE_NOTHING,
	RECODE_TEXT,		/* to quoted-printable */
	RECODE_QUOTED,		/* quoted-printable that is long or 8-bit */
	RECODE_BASE64,		/* base64 in lines that are too long */
};

struct recoder {
	enum recoding	how;
	size_t		column;		/* in the line that is written */
	char		held[3];	/* not written yet: a blank that may
					 * end the line, a begun =XX */
	size_t		n_held;
	bool		mislabelled;	/* the text is not quoted-printable or
					 * base64: don't use what comes out */
	bool		blank;		/* base64: one was the last octet */
	size_t		digits;		/* base64: so many came, */
	size_t		padding;	/* and so many "=" after them */
};

/* Returns how many octets that makes; with NULL they are only counted. */
size_t	recoder_feed(struct recoder *, struct buffer *to, const char *data,
	    size_t len);

/* Writes what was held back, likewise.  No line end is added. */
size_t	recoder_end(struct recoder *, struct buffer *to);

#endif
