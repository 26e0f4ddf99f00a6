/*
 * account.h - write a server and its login into a section of the draft
 */
#ifndef IMPORT_ACCOUNT_H
#define IMPORT_ACCOUNT_H

#include <stdbool.h>

#include "import/draft.h"

enum account_tls {
	ACCOUNT_CLEAR,		/* no TLS */
	ACCOUNT_OPPORTUNISTIC,	/* TLS if the server offers it, unverified */
	ACCOUNT_STARTTLS,
	ACCOUNT_IMPLICIT,
};

/* All pointers are borrowed. */
struct account {
	struct section		*section;
	const char		*host;		/* name or IP address, perhaps
						 * in brackets; or the path of
						 * a Unix socket */
	const char		*port;		/* NULL: 25, or 465 for
						 * implicit TLS */
	const char		*origin;	/* of the host */
	enum account_tls	 tls;
	bool			 mx;		/* look up MX records */
	bool			 lmtp;
	bool			 unverified;	/* the other program does not
						 * verify certificates */
	const char		*user;		/* NULL: no authentication */
	const char		*user_origin;
	const char		*secret;	/* NULL: not found */
	const char		*secret_origin;	/* NULL: there is none, because
						 * a certificate or a command
						 * replaces it */
	const char		*mechanisms;	/* without TLS; NULL: PLAIN
						 * LOGIN */
};

/*
 * Sets smarthost, tls, user, password_file and, for a password without TLS,
 * auth.  Where relais requires more than the other program did, a note says so.
 * False, with a note, if the server is not valid.
 */
bool	account_set(struct draft *, const struct account *);

/* Appends the URL of the server. */
void	account_url(struct buffer *, const struct account *);

/*
 * Splits "host", "host:port", "[host]", "[host]:port" or an IPv6 address in
 * place.  Returns the host without brackets; *port is NULL without a port.
 */
char	*account_split_port(char *text, char **port);

#endif
