/*
 * dsn.h - parse and write the parameters of the DSN extension (RFC 3461)
 *
 * The syntax is the same on the command line, in the commands of an SMTP client
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
 * Parses NOTIFY: "never", or a list of "success", "failure" and "delay", in any
 * case.  Returns false, with *set unchanged, if the text is invalid.
 */
bool	dsn_parse_notify(unsigned *set, const char *text);

/* Parses RET: "full" or "hdrs".  Returns false if the text is invalid. */
bool	dsn_parse_return(enum dsn_return *, const char *text);

/*
 * Whether the text is valid xtext and not empty (RFC 3461 section 4):
 * printable, with two hexadecimal digits after each "+".
 */
bool	dsn_is_xtext(const char *text);

/*
 * Whether the text is a valid ENVID (RFC 3461 section 4.4): at most
 * DSN_ENVID_MAX octets of xtext that decode to printable ASCII.
 */
bool	dsn_is_envid(const char *text);

/* Whether the text is a valid ORCPT: an address type, ";" and xtext. */
bool	dsn_is_orcpt(const char *text);

/* Appends the parameter of RCPT, " NOTIFY=..."; nothing if the set is empty. */
void	dsn_write_notify(struct buffer *, unsigned set);

#endif
