/*
 * commands.h - the commands of relais, and relais help
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include <stdbool.h>

#include "cli/options.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

struct command {
	const char	*name;
	enum mode	 mode;
	const char	*arguments;	/* "list | show ID", or "" */
	const char	*summary;	/* one line of help */
};

/* Returns the command with this name, or NULL. */
const struct command *command_find(const char *name);

/* Sets why to EX_USAGE and the usage of the command; returns false. */
bool	command_usage(const char *name, struct failure *why);

/*
 * relais help: prints the commands, the usage of one of them, or the keys of
 * relais.conf.  If the first argument is not a command, or if there is none,
 * prints the commands on standard error and returns EX_USAGE.
 */
int	commands_help(const struct options *, const struct config *,
	    const struct log *);

#endif
