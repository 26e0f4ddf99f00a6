/*
 * route_command.h - relais route: show where mail to an address would go
 *
 * The message is prepared and its route is chosen by the code that sends mail
 * (submit/prepare.h, relay/route.h, relay/tls_policy.h).  No connection is
 * made, no name is looked up, and no secret is read.
 */
#ifndef CLI_ROUTE_COMMAND_H
#define CLI_ROUTE_COMMAND_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/* Returns the exit status. */
int	route_command(const struct options *, const struct config *,
	    const struct log *);

#endif
