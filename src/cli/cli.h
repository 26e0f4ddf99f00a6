/*
 * cli.h - run a command line
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>

#include "cli/options.h"

/*
 * Parses the options, loads the configuration and runs the mode.  mode is
 * what the program's name stands for; an option may select another mode, and
 * so may the first argument if administrator is set (the name is relais).
 * Returns the exit status, after all output is flushed.
 */
int	cli_run(int argc, char **argv, enum mode mode, bool administrator);

#endif
