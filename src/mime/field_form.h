/*
 * field_form.h - convert a header field for a server
 *
 * A field in ASCII with lines of at most 998 octets does not change; longer
 * lines are folded.  Other text becomes encoded words (RFC 2047) where readers
 * decode them: in unstructured fields, display names and comments, but never
 * in an addr-spec.  Parameters are encoded according to RFC 2231, and a domain
 * becomes its A-label.
 *
 * An encoded word does not change, unless it contains octets that are not ASCII
 * or is too long for a line.  Then it is decoded and encoded again, in the
 * charset that it names.
 */
#ifndef MIME_FIELD_FORM_H
#define MIME_FIELD_FORM_H

#include <stdbool.h>

#include "mail/header.h"
#include "util/buffer.h"

struct field_form {
	bool		 utf8;		/* SMTPUTF8: UTF-8 does not change */
	const char	*charset;	/* borrowed; of text that is not UTF-8;
					 * NULL: unknown */
};

/* Whether the server accepts the field unchanged. */
bool	field_is_fit(const struct field *, const struct field_form *);

enum field_result {
	FIELD_FITS,
	FIELD_TOO_LONG,		/* a word does not fit into a line */
	FIELD_NOT_ASCII,	/* a local part or message id has no ASCII
				 * form */
};

/*
 * Appends the field, converted if necessary.  Returns whether the result is fit
 * for the server.  An ASCII field that cannot be folded is appended unchanged.
 */
enum field_result field_write(struct buffer *, const struct field *,
	    const struct field_form *);

/*
 * Whether the header requires SMTPUTF8, because an address or a message id in
 * it must stay UTF-8: a local part or a message id that is not ASCII, or a
 * domain that is not ASCII if libidn2 is not installed or if the message has a
 * DKIM signature, which a change would invalidate.
 */
bool	header_needs_utf8(const struct header *);

#endif
