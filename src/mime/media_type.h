/*
 * media_type.h - what a Content-Type field says (RFC 2045 section 5.1)
 */
#ifndef MIME_MEDIA_TYPE_H
#define MIME_MEDIA_TYPE_H

#include <stdbool.h>
#include <stddef.h>

#include "mail/charset.h"
#include "util/buffer.h"

enum { BOUNDARY_MAX = 200 };	/* octets; RFC 2046 allows 70 */

struct media_type {
	char	type[128];	/* "text/plain", in small letters; "" if it
				 * can't be read */
	char	boundary[BOUNDARY_MAX + 1];
	char	charset[CHARSET_NAME_MAX + 1];
};

void	media_type_read(struct media_type *, const char *value, size_t len);

/* "multipart/": all types that begin so. */
bool	media_type_is(const struct media_type *, const char *type);

/*
 * Appends the value of a field with parameters.  A parameter that is not ASCII
 * gets the form of RFC 2231, with the charset that it names or else that of
 * charset_of_text(); one that has that form already has its raw octets encoded.
 * boundary and start stay as they are: they have to be equal, octet by octet,
 * to what is elsewhere in the message.
 */
void	media_type_write_parameters(struct buffer *, const char *value,
	    size_t len, const char *declared);

#endif
