/*
 * field_form.h - a header field in a form that a server takes
 *
 * What is ASCII in lines of 998 octets at the most is not touched.  Other
 * text becomes RFC 2047 where a reader decodes it: in unstructured fields, in
 * display names and in comments, never within an addr-spec; parameters become
 * RFC 2231; a domain becomes its A-label.  Long lines are folded.
 */
#ifndef MAIL_FIELD_FORM_H
#define MAIL_FIELD_FORM_H

#include <stdbool.h>

#include "mail/header.h"
#include "util/buffer.h"

struct field_form {
	bool		 utf8;		/* UTF-8 stays as it is: SMTPUTF8 */
	const char	*charset;	/* of text that is not UTF-8, or NULL */
};

bool	field_is_fit(const struct field *, const struct field_form *);

/*
 * Appends the field, changed if it is not fit.  False if it is still not: a
 * word too long for a line, or 8 bits where there is no other form.
 */
bool	field_write(struct buffer *, const struct field *,
	    const struct field_form *);

/* An addr-spec in the header can't do without SMTPUTF8. */
bool	header_needs_utf8(const struct header *);

#endif
