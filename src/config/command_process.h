/*
 * command_process.h - the process that runs the commands of password_command,
 * token_command and token
 *
 * A process in the sandbox (util/sandbox.h) cannot start a program.  Therefore,
 * if the configuration has one of these keys, the process forks a child before
 * it enters the sandbox.  The child closes all descriptors except a socket to
 * its parent, waits for the number of a command in its copy of the
 * configuration, runs the command, and writes the output to the socket.  It
 * cannot be made to run another program.  If the parent ends, the child kills a
 * running command and exits.
 */
#ifndef CONFIG_COMMAND_PROCESS_H
#define CONFIG_COMMAND_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "config/config.h"
#include "util/buffer.h"
#include "util/failure.h"
#include "util/interrupt.h"

/* A zeroed struct has no process and cannot run a command. */
struct command_process {
	const struct config	*config;	/* borrowed */
	pid_t			 pid;		/* 0: none */
	int			 fd;		/* of the socket; -1 after a
						 * failure */
	bool			 lost;		/* it has ended, or was killed */
	int			 error;		/* errno if fork(2) failed */
	struct interrupt	*interrupt;	/* borrowed; ends the wait for
						 * a command; or NULL */
};

/*
 * Resets all fields, and starts the process if the configuration has one of
 * the keys.  A failure is reported by command_process_run().
 */
void	command_process_start(struct command_process *, const struct config *);

/* A command of the configuration. */
struct command_choice {
	enum config_key	 key;	/* KEY_PASSWORD_COMMAND, KEY_TOKEN_COMMAND or
				 * KEY_TOKEN, which runs relais-token */
	const char	*value;	/* of the key; borrowed */
	bool		 renew;	/* for KEY_TOKEN: a server has refused the
				 * token */
};

/*
 * Runs a command as command_output() or token_program_run() does.  EX_OSERR
 * also if the process was not started, EX_TEMPFAIL also after a signal.
 */
bool	command_process_run(struct command_process *, struct buffer *output,
	    const struct command_choice *, struct failure *why);

/* Waits until the process has ended. */
void	command_process_end(struct command_process *);

#endif
