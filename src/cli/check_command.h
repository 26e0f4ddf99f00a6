/*
 * check_command.h - relais check: test the chain to the smarthost
 */
#ifndef CLI_CHECK_COMMAND_H
#define CLI_CHECK_COMMAND_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/* Prints a line for each finding.  Returns the status of the first failure. */
int	check_command(const struct options *, const struct config *,
	    const struct log *);

#endif
