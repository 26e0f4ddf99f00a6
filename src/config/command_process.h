/*
 * command_process.h - a process that runs password_command and token_command
 *
 * A process in the sandbox (util/sandbox.h) cannot start a program.  So, if
 * the configuration has such a key, a child is forked before: it has no open
 * file but a socket to its parent, waits there for the number of a command in
 * its own copy of the configuration, runs that command and writes back what
 * it printed.  It runs nothing else, whatever it is sent.  If the parent ends,
 * the child kills the command that is running, and ends as well.
 */
#ifndef CONFIG_COMMAND_PROCESS_H
#define CONFIG_COMMAND_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"
#include "util/buffer.h"
#include "util/failure.h"
#include "util/interrupt.h"

/* Zeroed: no process, and no command can be run. */
struct command_process {
	const struct config	*config;	/* borrowed */
	pid_t			 pid;		/* 0: none */
	int			 fd;		/* if there is one */
	int			 error;		/* why there is none, or 0 */
	struct interrupt	*interrupt;	/* borrowed: ends the wait for
						 * a command; or NULL */
};

/*
 * Starts nothing if the configuration has no such key.  A failure is reported
 * by command_process_run().  Resets all fields.
 */
void	command_process_start(struct command_process *, const struct config *);

/*
 * As command_output(), for the value of such a key in this configuration.
 * EX_OSERR if there is no process, EX_TEMPFAIL if a signal came.
 */
bool	command_process_run(struct command_process *, struct buffer *output,
	    const char *command, struct failure *why);

/* Waits for its end. */
void	command_process_end(struct command_process *);

#endif
