/*
 * print_config.h - relais config: print the effective configuration
 *
 * Prints a relais.conf with the combined effect of the configuration file, the
 * environment and -o, and with the origin of each value.  It can replace them
 * for programs that run without these environment variables.  Secrets are
 * written only to a regular file that other users cannot read; otherwise a
 * comment replaces them.
 */
#ifndef CLI_PRINT_CONFIG_H
#define CLI_PRINT_CONFIG_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/* Returns the exit status. */
int	print_config(const struct options *, const struct config *,
	    const struct log *);

#endif
