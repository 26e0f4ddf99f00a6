/*
 * cli.h - run a command line
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "cli/options.h"

/*
 * Parses the options, loads the configuration and runs the mode.  mode is the
 * mode of the program's name; an option may select another one, and so may the
 * first argument if administrator is set (the program's name is relais).
 * Flushes all output, and returns the exit status.
 */
int	cli_run(int argc, char **argv, enum mode mode, bool administrator);

#endif
