/*
 * token_status.h - read the state of a login from relais-token
 */
#ifndef CONFIG_TOKEN_STATUS_H
#define CONFIG_TOKEN_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/failure.h"

/* Texts are visible, and "" if they are not known; times in s, or 0. */
struct token_status {
	char	provider[1024];	/* its name, or the path of its file */
	char	account[256];
	int64_t	login_at;
	int64_t	renewed;	/* when the access token was issued */
	int64_t	expires;	/* when it expires */
	int64_t	trouble_at;	/* when its last renewal failed */
	char	trouble[1024];	/* the reason; "" after a success */
};

/*
 * Runs "relais-token status".  False with EX_CONFIG, EX_NOPERM if this user has
 * no permission to read the login, or EX_UNAVAILABLE if relais-token is not
 * installed.
 */
bool	token_status_read(struct token_status *, const char *name,
	    struct failure *why);

#endif
