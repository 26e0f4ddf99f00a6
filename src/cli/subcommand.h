/*
 * subcommand.h - the administrator's commands: relais COMMAND
 *
 * Under the name relais the first argument may be a command instead of a
 * recipient.  Under any other name it never is.
 */
#ifndef CLI_SUBCOMMAND_H
#define CLI_SUBCOMMAND_H

#include "cli/options.h"

/* Returns the exit status; the command's own arguments are behind its name. */
typedef int command_fn(const struct options *);

/* NULL if the arguments are recipients. */
command_fn *command_find(const struct options *);

#endif
