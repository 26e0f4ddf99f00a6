/*
 * header.h - the header fields of a message, in order (RFC 5322 section 2.2)
 *
 * A field is kept byte for byte as it came, folds and all, but with CRLF at
 * the end of each of its lines; whoever changes one writes it anew.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buffer.h"

struct field {
	char	*text;		/* owned; "Name: value\r\n", NUL behind */
	size_t	 len;
	size_t	 name_len;	/* the name is text[0..name_len) */
};

struct header {
	struct field	*field;		/* owned */
	size_t		 n;
	size_t		 cap;
};

/*
 * The length of the field name that a line begins with, 0 if the line starts
 * no field: a name is printable ASCII without a colon, and white space may
 * stand between it and the colon (RFC 5322 section 4.5).
 */
size_t	field_name_length(const char *line, size_t len);

bool	field_is(const struct field *, const char *name);

/* What follows the colon: a pointer into the text, *len with the last CRLF. */
const char *field_value(const struct field *, size_t *len);

/* Takes the text (CRLF at its end included) over; it must start a field. */
void	header_append(struct header *, char *text, size_t len);

/* "Name: ", the formatted value, CRLF; folds are the caller's business. */
void	header_addf(struct header *, const char *name, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* The last field becomes the first: traces stand in front. */
void	header_to_front(struct header *);

/* The first field of that name at or behind index 'from', or NULL. */
struct field *header_find(const struct header *, const char *name, size_t from);

/* Replaces the text of a field, CRLF included; takes it over. */
void	field_replace(struct field *, char *text, size_t len);

/* Removes every field for which drop() is true. */
void	header_remove_if(struct header *, bool (*drop)(const struct field *,
	    const void *context), const void *context);

/* There is a DKIM signature, which a change of the message may break. */
bool	header_is_signed(const struct header *);

/* The whole header and the empty line behind it. */
void	header_write(struct buffer *, const struct header *);

/*
 * Appends the fields of a text that header_write() has written, at most max.
 * Returns false if the text is invalid; the fields before the error have been
 * appended.  If the header is NULL, only checks the text.
 */
bool	header_read(struct header *, const char *text, size_t len, size_t max);

void	header_free(struct header *);

#endif
