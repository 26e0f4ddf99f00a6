/*
 * recoder.h - text in a form that 7 bits and short lines can carry
 *
 * Octets go in piece by piece and come out in lines of 76 at the most, so
 * that memory does not grow with the text.  What goes in has CRLF line ends
 * only, and what a MIME reader decodes of what comes out is what went in (RFC
 * 2045 section 6).  A line that is broken never begins anew with "--": text
 * can't be taken for the boundary between two parts.
 */
#ifndef MAIL_RECODER_H
#define MAIL_RECODER_H

#include <stddef.h>

#include "util/buffer.h"

enum recoding {
	RECODE_NOTHING,
	RECODE_TEXT,		/* to quoted-printable */
	RECODE_QUOTED,		/* quoted-printable that is long or 8-bit */
	RECODE_BASE64,		/* base64 in lines that are too long */
	RECODE_UNSEEN,		/* what no reader shows, around the parts: any
				 * other octet becomes a question mark */
	RECODE_UNSEEN_LONG,	/* the same for who takes 8 bits: its long lines
				 * are broken, and nothing else */
};

struct recoder {
	enum recoding	how;
	size_t		column;		/* in the line that is written */
	char		held[3];	/* not written yet: a blank that may
					 * end the line, a begun =XX */
	size_t		n_held;
};

/* Returns how many octets that makes; with NULL they are only counted. */
size_t	recoder_feed(struct recoder *, struct buffer *to, const char *data,
	    size_t len);

/* Writes what was held back, likewise.  No line end is added. */
size_t	recoder_end(struct recoder *, struct buffer *to);

#endif
