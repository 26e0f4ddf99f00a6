/*
 * mechanisms.h - the server side of SASL, for .auth in a script
 *
 *	struct mechanisms how = { .user = "nina", .password = "secret" };
 *	struct script script = { .mechanisms = "SCRAM-SHA-256",
 *	    .auth = mechanisms_auth, .auth_ctx = &how };
 *
 * SCRAM-SHA-1 and SCRAM-SHA-256, with and without -PLUS, CRAM-MD5, OAUTHBEARER,
 * XOAUTH2 and EXTERNAL.  Without further fields, the server follows the RFCs,
 * and supports tls-exporter, tls-unique and tls-server-end-point.
 */
#ifndef SUPPORT_MECHANISMS_H
#define SUPPORT_MECHANISMS_H

#include <stdbool.h>

#include "support/script.h"

struct mechanisms {
	const char	*user;
	const char	*password;
	const char	*token;
	unsigned	 iterations;	/* 0: 4096 */
	bool		 forged;	/* send a wrong server signature */
	bool		 unproved;	/* send 235 without a signature */
	const char	*error;		/* JSON that refuses a token */
	const char	*binding;	/* the only type that is supported */
	bool		 intercepted;	/* only the certificate matches */
	bool		 attacked;	/* nothing matches */
	bool		 stripped;	/* -PLUS was removed from the offer */
	bool		 silent;	/* 535 in place of an error (e=) */
};

void	mechanisms_auth(struct auth_exchange *, const char *line);

#endif
