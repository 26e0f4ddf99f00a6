/*
 * print_config.h - relais config: what counts, and where it was said
 *
 * Prints a relais.conf that means what this process means by its file, its
 * environment and -o together, so that it can take their place for programs
 * whose environment is cleared.  A secret goes only into a regular file that
 * others can't read; anywhere else a comment stands for it.
 */
#ifndef CLI_PRINT_CONFIG_H
#define CLI_PRINT_CONFIG_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

int	print_config(const struct options *, const struct config *,
	    const struct log *);

#endif
