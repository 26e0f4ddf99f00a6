/*
 * print_config.h - relais config: print the effective configuration
 *
 * Prints a relais.conf that has the effect of the file, the environment and
 * -o together, with the origin of each value.  It can replace them for
 * programs whose environment is cleared.  Secrets are written only to a
 * regular file that other users cannot read, and are shown as a comment
 * otherwise.
 */
#ifndef CLI_PRINT_CONFIG_H
#define CLI_PRINT_CONFIG_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

int	print_config(const struct options *, const struct config *,
	    const struct log *);

#endif
