/*
 * queue_commands.h - relais queue: list, show, send, hold, release and drop
 * entries of the queue, and check its health
 */
#ifndef CLI_QUEUE_COMMANDS_H
#define CLI_QUEUE_COMMANDS_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/* Returns the exit status. */
int	queue_commands_run(const struct options *, const struct config *,
	    const struct log *);

#endif
