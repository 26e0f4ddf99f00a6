/*
 * version.h - what --version and --help print
 */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * Our version, what TLS there is, the SASL mechanisms, and where the
 * configuration, the queue and the log are for whoever asks.  TLS is not
 * loaded for it.
 */
int	print_version(const struct options *, const struct config *,
	    const struct log *);
int	print_help(const struct options *, const struct config *,
	    const struct log *);

#endif
