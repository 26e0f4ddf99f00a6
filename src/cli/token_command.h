/*
 * token_command.h - relais token, which is in relais-token
 */
#ifndef CLI_TOKEN_COMMAND_H
#define CLI_TOKEN_COMMAND_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * Becomes relais-token with the same command and arguments.  If one of the
 * arguments is the login of a section, --ca and --proxy are added as for
 * sendmail.  Returns only if relais-token cannot be started: EX_UNAVAILABLE if
 * it is not installed.
 */
int	token_command(const struct options *, const struct config *,
	    const struct log *);

#endif
