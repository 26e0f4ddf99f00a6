/*
 * code.h - log in with a browser and an authorization code (RFC 6749 section
 * 4.1, RFC 8252) with PKCE (RFC 7636)
 */
#ifndef TOKEN_CODE_H
#define TOKEN_CODE_H

#include <stdbool.h>

#include "setup/oauth_provider.h"
#include "token/exchange.h"
#include "token/http.h"
#include "token/loopback.h"
#include "token/store.h"
#include "util/failure.h"

struct code {
	/* To be set after code_begin(). */
	int		 terminal;	/* -1: none */
	void		(*remark)(const char *line);

	struct loopback	 listener;
	char		*url;		/* for the browser */
	char		*redirect_uri;
	char		*state;
	char		*verifier;	/* secret */
};

/*
 * Listens for the redirect, and makes the address for the browser.  The client,
 * the scope and the account are those of the login.  EX_OSERR.
 */
bool	code_begin(struct code *, const struct store *,
	    const struct oauth_provider *, const char *endpoint,
	    struct failure *why);

/*
 * Waits for the redirect, or for the redirected address from the terminal, and
 * exchanges the code for tokens.  False as loopback_receive() and exchange().
 */
bool	code_wait(const struct code *, const struct store *,
	    const struct http_options *, struct exchange *,
	    struct failure *why);

void	code_free(struct code *);

#endif
