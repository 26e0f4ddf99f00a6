/*
 * login.h - relais check: a login with OAuth 2
 */
#ifndef CHECK_LOGIN_H
#define CHECK_LOGIN_H

#include "check/check.h"

/*
 * Reports the account, the expiry of the access token and its last renewal for
 * the key token, in the stage CHECK_SECRETS.
 */
void	check_oauth_login(struct check *, const struct setting *,
	    enum config_key);

#endif
