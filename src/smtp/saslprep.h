/*
 * saslprep.h - user names and passwords as SASL compares them (RFC 4013)
 *
 * Printable ASCII is its own result, and so are the letters of most living
 * languages.  For other text the normal form (NFKC) and the direction of
 * letters come from libunistring, which is loaded then.  If it is not
 * installed, such text is refused: the result never depends on it.
 *
 * Characters newer than Unicode 3.2 pass, as in RFC 3454's queries: a server
 * that stored such a password will know it.
 */
#ifndef SMTP_SASLPREP_H
#define SMTP_SASLPREP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

/* What libunistring does for us; see its manual for these two. */
struct unicode {
	uint8_t	*(*normalize)(const void *form, const uint8_t *, size_t,
		    uint8_t *, size_t *);
	int	 (*direction)(uint32_t);
	const void *nfkc;
};

/* False where the library is missing. */
bool	unicode_load(struct unicode *);

/*
 * Appends the prepared text.  False with why (EX_CONFIG) if it is not UTF-8,
 * holds what RFC 4013 forbids, or needs the library and that is missing; 'what'
 * names it ("the password"), and no part of it is shown.
 */
bool	saslprep(struct buffer *, const char *text, const char *what,
	    struct failure *why);

/* The same with that library; NULL: it is not installed. */
bool	saslprep_with(const struct unicode *, struct buffer *, const char *text,
	    const char *what, struct failure *why);

#endif
