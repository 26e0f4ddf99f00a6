/*
 * connect_process.h - the process that runs connect_command
 *
 * A helper (util/helper.h) that starts the programs of connect_command, since a
 * process in the sandbox cannot.  It forks a supervisor for each program, which
 * reads what the program writes to its standard error, ends the program when
 * the connection ends, and reports how it ended.  A program is given only a
 * host of the configuration or, if a smarthost has +srv or +mx, a valid host
 * name.  Only a few programs run at the same time.
 */
#ifndef CONFIG_CONNECT_PROCESS_H
#define CONFIG_CONNECT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "util/buffer.h"
#include "util/failure.h"

/* A zeroed struct has no process and cannot run a program. */
struct connect_process {
	const struct config	*config;	/* borrowed */
	pid_t			 pid;		/* 0: none */
	int			 fd;		/* of its socket */
	bool			 lost;		/* it has ended, or was killed */
	int			 error;		/* errno if fork(2) failed */
	uint32_t		 number;	/* of the last request */
};

/* All pointers are borrowed. */
struct connect_request {
	const char	*command;	/* the value of connect_command */
	const char	*host;		/* for %h */
	uint16_t	 port;		/* for %p */
};

/*
 * Resets all fields, and starts the process if the configuration has the key.
 * A failure is reported by connect_process_run().
 */
void	connect_process_start(struct connect_process *, const struct config *);

/*
 * Starts the program for the request.  Returns a non-blocking socket that is
 * connected to its standard input and output, and sets *control to a socket for
 * connect_program_explain(); when it is closed, the program must end.  Returns
 * -1 with EX_OSERR, or EX_TEMPFAIL if the process has ended, as it does if the
 * configuration does not allow the request.
 */
int	connect_process_run(struct connect_process *,
	    const struct connect_request *, int *control, struct failure *why);

enum connect_program_end {
	PROGRAM_NOT_STARTED,	/* the failure is that of command_connect() */
	PROGRAM_ENDED,		/* before the call: EX_TEMPFAIL, with its status
				 * and the last lines of its errors */
	PROGRAM_STOPPED,	/* by the call: the same without the status */
	PROGRAM_SILENT,		/* by the call, without any errors */
};

/*
 * Ends a program, whose connection has failed but is still open, and fills in
 * what is known about the cause.  Waits for a few seconds at most.  The control
 * socket must be closed afterwards.
 */
enum connect_program_end connect_program_explain(int control,
	    struct failure *);

/* Waits until all programs have ended. */
void	connect_process_end(struct connect_process *);

#endif
