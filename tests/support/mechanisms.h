/*
 * mechanisms.h - the server's side of SASL, for a script's .auth
 *
 *	struct mechanisms how = { .user = "nina", .password = "secret" };
 *	struct script script = { .mechanisms = "SCRAM-SHA-256",
 *	    .auth = mechanisms_auth, .auth_ctx = &how };
 *
 * SCRAM-SHA-1, SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, CRAM-MD5, OAUTHBEARER,
 * XOAUTH2 and EXTERNAL, honest unless asked to be otherwise.
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
	bool		 forged;	/* the signature proves nothing */
	bool		 unproved;	/* 235 in place of a signature */
	const char	*error;		/* what tokens are refused with: JSON */
};

void	mechanisms_auth(struct auth_exchange *, const char *line);

#endif
