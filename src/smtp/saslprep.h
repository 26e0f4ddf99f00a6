/*
 * saslprep.h - prepare user names and passwords for SASL (RFC 4013)
 *
 * Printable ASCII and the letters of most living languages stay unchanged.
 * Other text requires libunistring, for NFKC and the direction of letters,
 * which is loaded only for such text.  If libunistring is not installed, such
 * text is refused, so the result never depends on the library.
 *
 * Characters that are newer than Unicode 3.2 are allowed, as in queries
 * (RFC 3454): the server may have stored such a password.
 */
#ifndef SMTP_SASLPREP_H
#define SMTP_SASLPREP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

/* Functions of libunistring: u8_normalize(), uc_bidi_class(). */
struct saslprep_library {
	uint8_t	*(*normalize)(const void *form, const uint8_t *, size_t,
		    uint8_t *, size_t *);
	int	 (*direction)(uint32_t);
	const void *nfkc;
};

/* Returns false if the library is not installed. */
bool	saslprep_load(struct saslprep_library *);

/*
 * Appends the prepared text.  Returns false with why (EX_CONFIG) if the text is
 * not UTF-8, contains characters that RFC 4013 prohibits, or requires the
 * library and the library is not installed.  'what' names the text in the error
 * ("the password"); the text itself is never shown.
 */
bool	saslprep(struct buffer *, const char *text, const char *what,
	    struct failure *why);

/* As saslprep(), with the given library; NULL: not installed. */
bool	saslprep_with(const struct saslprep_library *, struct buffer *,
	    const char *text, const char *what, struct failure *why);

#endif
