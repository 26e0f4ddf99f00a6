/*
 * worker_process.h - a worker of the service, with a scripted smarthost
 *
 * The test is the service: it passes messages to the worker by the channel.
 */
#ifndef SUPPORT_WORKER_PROCESS_H
#define SUPPORT_WORKER_PROCESS_H

#include <sys/types.h>

#include "config/config.h"
#include "config/identity.h"
#include "support/mock_smtp.h"
#include "support/temp_dir.h"
#include "util/log.h"

struct worker_process {
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	struct config		 config;
	struct identity		 me;
	struct log		 log;
	pid_t			 pid;
	int			 channel;
};

/* Starts the smarthost, and reads a configuration that names it. */
void	worker_process_open(struct worker_process *, const struct script *);

/* Starts a worker.  It is always told that messages wait for it. */
void	worker_process_start(struct worker_process *);

/* Closes the channel, waits until the worker ends, and returns its status. */
int	worker_process_end(struct worker_process *);

void	worker_process_close(struct worker_process *);

#endif
