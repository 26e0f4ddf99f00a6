/*
 * queue.h - relais queue: look at the queue, and take a hand in it
 */
#ifndef CLI_QUEUE_H
#define CLI_QUEUE_H

#include "cli/options.h"

int	queue_command(const struct options *);

#endif
