/*
 * idle_login.h - keep a login with OAuth 2 on a machine that seldom sends mail
 *
 * Authorization servers end a login that is not used: Microsoft after 90 days,
 * Google after six months.  A queue run therefore renews a login of the key
 * token that has not been renewed for a week, by the time of its file, which
 * relais-token replaces even if a renewal fails.
 */
#ifndef RUNNER_IDLE_LOGIN_H
#define RUNNER_IDLE_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "util/log.h"

/* Whether idle_login_renew() has something to do; reads no file. */
bool	idle_login_is_due(const struct config *, int64_t now);

/* Outside the sandbox.  The results are logged. */
void	idle_login_renew(const struct config *, const struct log *,
	    int64_t now);

#endif
