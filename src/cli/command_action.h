/*
 * command_action.h - what is done in each mode
 *
 * There are two programs.  relais has all modes.  sendmail, which is also
 * mailq, newaliases and postqueue, has only the modes that are used often: to
 * send a message, and to look at the queue (cli.c).  For all others, it
 * executes relais.  The dynamic linker therefore looks up 24 fewer functions of
 * libc, and a start takes 17,000 fewer instructions (make check-budget).  A
 * program that does not load tls.so has all modes, too (Makefile).
 */
#ifndef CLI_COMMAND_ACTION_H
#define CLI_COMMAND_ACTION_H

#include <stdbool.h>

#include "cli/options.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

struct action {
	int	(*run)(const struct options *, const struct config *,
		    const struct log *);
	bool	 configured;	/* load the configuration and open the log;
				 * otherwise they are empty */
	bool	 mail;		/* options about messages have an effect */
	bool	 by_service;	/* the service can do it for a user who cannot
				 * read the configuration */
};

/*
 * Returns the action of a mode that only relais has.  In sendmail
 * (execute_relais.c), executes relais with the same arguments; returns NULL,
 * with why, if this fails.
 */
const struct action *command_action(enum mode, char **argv, struct failure *why);

#endif
