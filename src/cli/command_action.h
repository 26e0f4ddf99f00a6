/*
 * command_action.h - what is done in each mode
 *
 * There are two programs.  relais contains everything.  sendmail, which is also
 * mailq, newaliases and postqueue, contains only what programs call for a
 * message or look at often (cli.c), and executes relais for the rest: because
 * the dynamic linker looks up 24 functions of libc fewer, it starts with 17,000
 * instructions fewer (make check-budget).  A program that does not load tls.so
 * contains everything, too (Makefile).
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
