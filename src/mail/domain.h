/*
 * domain.h - domains: their syntax, and those that are not ASCII as A-labels
 * (RFC 5890)
 *
 * München.example travels as xn--mnchen-3ya.example, which every server
 * understands.  The conversion is libidn2's; where that is not installed such
 * a domain can only go to a server with SMTPUTF8.
 */
#ifndef MAIL_DOMAIN_H
#define MAIL_DOMAIN_H

#include <stdbool.h>

#include "util/buffer.h"
#include "util/failure.h"

/*
 * The name is a Domain in ASCII (RFC 5321 section 4.1.2) and not an address:
 * labels of letters, digits and inner hyphens, the last not of digits alone.
 */
bool	domain_is_valid(const char *name);

/*
 * Appends the domain in ASCII.  False, with nothing appended: EX_DATAERR if
 * it is no domain, EX_UNAVAILABLE if there is no library.
 */
bool	domain_to_ascii(struct buffer *, const char *domain,
	    struct failure *why);

/* The local part of a path, as in SMTP, is not ASCII: SMTPUTF8 or nothing. */
bool	path_needs_utf8(const char *path);

/* Appends the path with its domain in ASCII, as domain_to_ascii(). */
bool	path_to_ascii(struct buffer *, const char *path, struct failure *why);

#endif
