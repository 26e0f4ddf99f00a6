/*
 * media_type.h - parse Content-Type (RFC 2045 section 5.1), and encode
 * parameters (RFC 2231)
 */
#ifndef MIME_MEDIA_TYPE_H
#define MIME_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/charset.h"
#include "util/buffer.h"

enum { BOUNDARY_MAX = 200 };	/* octets; RFC 2046 allows 70 */

struct media_type {
	char	type[128];	/* "text/plain", in lower case; "" if it is
				 * invalid */
	char	boundary[BOUNDARY_MAX + 1];	/* "" if missing or too long */
	char	charset[CHARSET_NAME_MAX + 1];	/* "" if missing or too long */
};

/* Parses the value of the field. */
void	media_type_read(struct media_type *, const char *value, size_t len);

/* Whether it is that type; "multipart/" includes all its subtypes. */
bool	media_type_is(const struct media_type *, const char *type);

/*
 * Appends the value of a field with parameters.  A parameter that is not ASCII
 * is encoded according to RFC 2231, in the charset that it names, or else in
 * that of charset_of_text().  In an encoded parameter, only octets that are
 * not ASCII are encoded.  The parameters boundary and start do not change,
 * because they must be equal to text elsewhere in the message.
 */
void	media_type_write_parameters(struct buffer *, const char *value,
	    size_t len, const char *declared_charset);

#endif
