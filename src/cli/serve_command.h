/*
 * serve_command.h - relais serve, sendmail -bd and relais -q with an interval
 */
#ifndef CLI_SERVE_COMMAND_H
#define CLI_SERVE_COMMAND_H

#include <stdbool.h>

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * relais serve, and sendmail -bd and -bD, with -q for another interval between
 * queue runs: accepts mail on the socket and runs the queue until a signal ends
 * the process.  Returns the exit status.
 */
int	serve_command(const struct options *, const struct config *,
	    const struct log *);

/* The same without the socket, for -q with an interval alone. */
int	serve_command_timer(const struct options *, const struct config *,
	    const struct log *);

#endif
