/*
 * configured.h - work that needs the configuration
 */
#ifndef CLI_CONFIGURED_H
#define CLI_CONFIGURED_H

#include "cli/options.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

typedef int configured_fn(const struct options *, const struct config *,
	    const struct log *);

typedef void unconfigured_fn(const struct options *, const struct failure *);

/*
 * Loads the configuration, opens the log, does the work and returns its exit
 * status; or reports why there is no configuration, and then does what is to
 * be done without one, if anything (NULL).
 */
int	configured(const struct options *, configured_fn *, unconfigured_fn *);

#endif
