/*
 * domain.h - check domains, and convert them to A-labels (RFC 5890)
 *
 * All servers support the A-label form: xn--mnchen-3ya.example for
 * München.example.  If libidn2, which converts domains, is not installed, a
 * domain that is not ASCII requires a server with SMTPUTF8.
 */
#ifndef MAIL_DOMAIN_H
#define MAIL_DOMAIN_H

#include <stdbool.h>

#include "util/buffer.h"
#include "util/failure.h"

/*
 * Whether the name is an ASCII domain and not an IP address (RFC 5321 section
 * 4.1.2): labels of letters, digits and inner hyphens, the last one not only of
 * digits.
 */
bool	domain_is_valid(const char *name);

/*
 * Appends the domain in ASCII.  Returns false, with nothing appended, and
 * EX_DATAERR if the domain is invalid, EX_UNAVAILABLE if libidn2 is missing.
 */
bool	domain_to_ascii(struct buffer *, const char *domain,
	    struct failure *why);

/* Whether the local part of a path is not ASCII, so that it needs SMTPUTF8. */
bool	path_needs_utf8(const char *path);

/* Appends the path with its domain in ASCII; fails like domain_to_ascii(). */
bool	path_to_ascii(struct buffer *, const char *path, struct failure *why);

#endif
