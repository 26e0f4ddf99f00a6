/*
 * queue_commands.h - relais queue: list, show, send, hold and drop entries
 */
#ifndef CLI_QUEUE_COMMANDS_H
#define CLI_QUEUE_COMMANDS_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

int	queue_commands_run(const struct options *, const struct config *,
	    const struct log *);

#endif
