/*
 * version.h - what --version and --help print
 */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * The version, the TLS library, the SASL mechanisms, and the files that hold
 * the configuration and the queue.  The TLS module is not loaded.
 */
int	version_print(const struct options *, const struct config *,
	    const struct log *);
int	version_print_help(const struct options *, const struct config *,
	    const struct log *);

#endif
