/*
 * field_form.h - a header field in a form that a server takes
 *
 * ASCII in lines of at most 998 octets is not touched, and longer lines are
 * only folded.  Other text becomes RFC 2047 where a reader decodes it: in
 * unstructured fields, in display names and in comments, never within an
 * addr-spec; parameters become RFC 2231; a domain becomes its A-label.
 *
 * An encoded word stays as it is, unless it has raw octets in it or is too long
 * for a line: then the octets that it stands for are encoded anew, in the
 * charset that it names.
 */
#ifndef MIME_FIELD_FORM_H
#define MIME_FIELD_FORM_H

#include <stdbool.h>

#include "mail/header.h"
#include "util/buffer.h"

struct field_form {
	bool		 utf8;		/* UTF-8 stays as it is: SMTPUTF8 */
	const char	*charset;	/* of text that is not UTF-8, or NULL */
};

bool	field_is_fit(const struct field *, const struct field_form *);

enum field_result {
	FIELD_FITS,
	FIELD_TOO_LONG,		/* a word does not fit into a line */
	FIELD_NOT_ASCII,	/* and what is not has no other form */
};

/*
 * Appends the field, changed if it is not fit, and says whether it is now.  An
 * ASCII field that can't be folded is appended as it is.
 */
enum field_result field_write(struct buffer *, const struct field *,
	    const struct field_form *);

/*
 * An address or a message id stays in the header in UTF-8, so SMTPUTF8 is
 * needed: a local part or an id has no other form, a domain has none without
 * libidn2, and nothing may change if there is a DKIM signature.
 */
bool	header_needs_utf8(const struct header *);

#endif
