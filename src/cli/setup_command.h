/*
 * setup_command.h - relais setup: make a configuration from a few answers
 */
#ifndef CLI_SETUP_COMMAND_H
#define CLI_SETUP_COMMAND_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * Asks on the terminal for the answers that no option gives; without a
 * terminal, a missing answer is an error.  Shows the files, and writes them to
 * the file of -C or to the default file and to the password file next to it.
 * Settings of -o are written, too.  Returns the exit status.
 */
int	setup_command(const struct options *, const struct config *,
	    const struct log *);

#endif
