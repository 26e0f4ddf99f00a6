/*
 * version.h - --version and --help
 */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * Prints the version, the TLS library, the SASL mechanisms, the paths of the
 * configuration and the queue, and the log.  Does not load the TLS module.
 */
int	version_print(const struct options *, const struct config *,
	    const struct log *);

/* Prints the usage. */
int	version_print_help(const struct options *, const struct config *,
	    const struct log *);

#endif
