/*
 * mime_header.h - read and rewrite the header of a message or of a part
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
	ENCODING_7BIT,		/* declared, or nothing is declared */
	ENCODING_8BIT,
	ENCODING_BINARY,
	ENCODING_QUOTED,
	ENCODING_BASE64,
	ENCODING_OTHER,		/* unknown, or fields that disagree */
};

/* Changes to the MIME fields of a header. */
struct mime_header_change {
	const char	*encoding;	/* new Content-Transfer-Encoding; NULL:
					 * that of the header */
	const char	*charset;	/* if not NULL, adds a missing
					 * Content-Type */
	bool		 version;	/* adds a missing MIME-Version */
};

/* A field that a server cannot accept, and that cannot be converted. */
struct mime_unfit_field {
	const struct field	*field;		/* borrowed; NULL: none */
	enum field_result	 result;
};

/* Appends the fields of a header; lines that are not fields are omitted. */
void	mime_header_parse(struct header *, const char *text, size_t len);

/*
 * Reads Content-Type.  If the field is missing, zeroes the struct and returns
 * false.
 */
bool	mime_header_type(struct media_type *, const struct header *);

/*
 * Copies the charset of Content-Type.  Returns false if the charset is missing
 * or cannot contain 8-bit text.
 */
bool	mime_header_charset(char name[CHARSET_NAME_MAX + 1],
	    const struct header *);

enum mime_encoding mime_header_encoding(const struct header *);

/* Whether the encoding is 7bit, 8bit or binary. */
bool	mime_encoding_is_identity(enum mime_encoding);

/* Whether the server accepts all fields unchanged (field_form.h). */
bool	mime_header_is_fit(const struct header *, const struct field_form *);

/*
 * Appends all fields in order, then the new ones, without the empty line.  If
 * the Content-Type of the header names a charset, that charset is used instead
 * of that of the form.  Returns the first field that cannot be converted.
 */
struct mime_unfit_field	mime_header_write(struct buffer *,
	    const struct header *, const struct mime_header_change *,
	    const struct field_form *);

#endif
