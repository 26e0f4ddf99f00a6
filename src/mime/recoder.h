/*
 * recoder.h - encode text for transport with 7 bits and short lines (RFC 2045
 * section 6)
 *
 * Octets are passed in pieces of any size, and the output has lines of at most
 * 76 octets, so memory does not grow with the text.  All line ends of the input
 * must be CRLF.  A MIME reader decodes the output to exactly the input.  A line
 * after a soft line break never begins with "--", so that no line of the text
 * can be mistaken for a boundary.
 *
 * Readers disagree about text that is labelled quoted-printable or base64 but
 * is not valid in that encoding.  The recoder detects such text: a "=" that is
 * followed by neither two hexadecimal digits nor a line end; or, in base64, an
 * invalid octet, white space within a line, or a wrong length.
 */
#ifndef MIME_RECODER_H
#define MIME_RECODER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

enum recoding {
	RECODE_NOTHING,		/* copy */
	RECODE_TEXT,		/* text to quoted-printable */
	RECODE_QUOTED,		/* quoted-printable with long lines or 8-bit
				 * octets */
	RECODE_BASE64,		/* base64 with long lines */
};

/* Set .how; all other members begin as zero.  Owns nothing. */
struct recoder {
	enum recoding	how;
	size_t		column;		/* in the current line of output */
	char		held[3];	/* octets not yet written: white space
					 * that may end the line, or the
					 * beginning of =XX */
	size_t		n_held;
	bool		mislabelled;	/* the input is invalid in its encoding:
					 * the output must not be used; final
					 * after recoder_end() */
	bool		blank;		/* base64: the last octet was white
					 * space */
	size_t		digits;		/* base64: number of digits */
	size_t		padding;	/* base64: number of "=" after them */
};

/*
 * Appends the encoded octets to the buffer and returns their number.  If the
 * buffer is NULL, they are only counted.
 */
size_t	recoder_feed(struct recoder *, struct buffer *to, const char *data,
	    size_t len);

/*
 * Appends the octets that were held back, and returns their number, as
 * recoder_feed() does.  Does not add a line end.
 */
size_t	recoder_end(struct recoder *, struct buffer *to);

#endif
