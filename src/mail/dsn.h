/*
 * dsn.h - the words of delivery status notifications (RFC 3461)
 *
 * The command line, an SMTP client and our own MAIL and RCPT commands all
 * say them alike.
 */
#ifndef MAIL_DSN_H
#define MAIL_DSN_H

#include <stdbool.h>

#include "mail/envelope.h"
#include "util/buffer.h"

enum {
	DSN_ORCPT_MAX = 500,	/* octets, RFC 3461 section 4.2 */
	DSN_ENVID_MAX = 100,	/* octets, RFC 3461 section 4.4 */
};

/*
 * "never", or a list of success, failure and delay, in any case.  False,
 * with *set as it was, for anything else.
 */
bool	dsn_parse_notify(unsigned *set, const char *text);

/* "full" or "hdrs"; likewise. */
bool	dsn_parse_return(enum dsn_return *, const char *text);

/* Printable, and a + only in front of two hexadecimal digits; not empty. */
bool	dsn_is_xtext(const char *text);

/*
 * xtext of at most DSN_ENVID_MAX octets that stands for printable ASCII (RFC
 * 3461 section 4.4).
 */
bool	dsn_is_envid(const char *text);

/* "rfc822;" or another type of address, and xtext. */
bool	dsn_is_orcpt(const char *text);

/* " NOTIFY=..." as RCPT says it; nothing for an empty set. */
void	dsn_write_notify(struct buffer *, unsigned set);

#endif
