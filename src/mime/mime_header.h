/*
 * mime_header.h - the header of a message or a part, amended for the wire
 */
#ifndef MIME_HEADER_H
#define MIME_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/header.h"
#include "mime/field_form.h"
#include "mime/media_type.h"
#include "util/buffer.h"

/* Content-Transfer-Encoding (RFC 2045 section 6). */
enum mime_encoding {
	ENCODING_7BIT,		/* or none said */
	ENCODING_8BIT,
	ENCODING_BINARY,
	ENCODING_QUOTED,
	ENCODING_BASE64,
	ENCODING_OTHER,		/* or two that differ */
};

/* What the header has to say of a body that was changed. */
struct mime_header_change {
	const char	*encoding;	/* NULL: what it says already */
	const char	*charset;	/* for a Content-Type, if it has none */
	bool		 version;	/* a MIME-Version, if it has none */
};

struct mime_unfit_field {
	const struct field	*field;		/* or NULL */
	enum field_result		 result;
};

/* The fields of a part's header; lines that are no field are left out. */
void	mime_header_parse(struct header *, const char *text, size_t len);

/* What Content-Type says; all zero if there is none, and then false. */
bool	mime_header_type(struct media_type *, const struct header *);

/* The charset in Content-Type, if 8-bit text can be in it. */
bool	mime_header_charset(char name[CHARSET_NAME_MAX + 1],
	    const struct header *);

enum mime_encoding mime_header_encoding(const struct header *);
bool	mime_encoding_is_identity(enum mime_encoding);

bool	mime_header_is_fit(const struct header *, const struct field_form *);

/*
 * All fields in order, then what is added, without the empty line.  The charset
 * in the header's own Content-Type takes the place of the form's.  Returns the
 * first field that could not be made fit, if there is one.
 */
struct mime_unfit_field	mime_header_write(struct buffer *,
	    const struct header *, const struct mime_header_change *, const struct field_form *);

#endif
