/*
 * dsn.h - the parameters of delivery status notifications (RFC 3461)
 *
 * Their syntax is the same on the command line, in commands of SMTP clients,
 * and in our own MAIL and RCPT commands.
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
 * Parses "never", or a list of success, failure and delay, case-insensitively.
 * For other text, returns false and leaves *set unchanged.
 */
bool	dsn_parse_notify(unsigned *set, const char *text);

/* Parses "full" or "hdrs" in the same way. */
bool	dsn_parse_return(enum dsn_return *, const char *text);

/* Not empty, printable, with "+" only before two hexadecimal digits. */
bool	dsn_is_xtext(const char *text);

/*
 * The xtext encoding of printable ASCII, at most DSN_ENVID_MAX octets (RFC 3461
 * section 4.4).
 */
bool	dsn_is_envid(const char *text);

/* "rfc822;" or another type of address, and xtext. */
bool	dsn_is_orcpt(const char *text);

/* Appends " NOTIFY=..." for RCPT, or nothing for an empty set. */
void	dsn_write_notify(struct buffer *, unsigned set);

#endif
