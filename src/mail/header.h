/*
 * header.h - the header fields of a message, in order (RFC 5322 section 2.2)
 *
 * A field is stored unchanged, including its folds, except that all line ends
 * are CRLF.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

struct field {
	char	*text;		/* owned; "Name: value\r\n" and a NUL */
	size_t	 len;
	size_t	 name_len;	/* the name is text[0..name_len) */
	bool	 is_final;	/* field_rewrite() would not change it; set by
				 * recipients_from_header() */
};

struct header {
	struct field	*field;		/* owned */
	size_t		 n;
	size_t		 cap;
};

/*
 * Returns the length of the field name at the beginning of a line, or 0 if the
 * line does not begin a field.  A name is printable ASCII without a colon;
 * white space is permitted between it and the colon (RFC 5322 section 4.5).
 */
size_t	field_name_length(const char *line, size_t len);

/* Whether the field has that name, in any case. */
bool	field_is(const struct field *, const char *name);

/* Returns the text after the colon; *len includes the last CRLF. */
const char *field_value(const struct field *, size_t *len);

/* Appends a field.  Takes ownership of the text, which ends with CRLF. */
void	header_append(struct header *, char *text, size_t len);

/* Appends a field with the formatted value, which is not folded. */
void	header_addf(struct header *, const char *name, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* Moves the last field to the front, where trace fields belong. */
void	header_to_front(struct header *);

/* Returns the first field of that name from an index on, or NULL. */
struct field *header_find(const struct header *, const char *name, size_t from);

/* Replaces a field.  Takes ownership of the text, which ends with CRLF. */
void	field_replace(struct field *, char *text, size_t len);

/* Removes all fields for which drop() returns true. */
void	header_remove_if(struct header *, bool (*drop)(const struct field *,
	    const void *context), const void *context);

/* Whether the message has a DKIM signature, which a change may invalidate. */
bool	header_is_signed(const struct header *);

/* Appends the whole header and the empty line after it. */
void	header_write(struct buffer *, const struct header *);

/*
 * Appends the fields of a text that header_write() has written, at most max.
 * Returns false if the text is invalid; the fields before the error have been
 * appended.  If the header is NULL, only checks the text.
 */
bool	header_read(struct header *, const char *text, size_t len, size_t max);

void	header_free(struct header *);

#endif
