/*
 * login_command.h - relais login: run relais-token, and test the login
 */
#ifndef CLI_LOGIN_COMMAND_H
#define CLI_LOGIN_COMMAND_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * Runs relais-token, which gets and stores the tokens, with the settings of the
 * section that uses the login.  Then logs in to the smarthost with it, unless
 * --no-check is given, and prints the lines for relais.conf.  Returns the
 * status of relais-token or that of the test.
 */
int	login_command(const struct options *, const struct config *,
	    const struct log *);

#endif
