/*
 * test_command.h - relais test: send a test message and follow it
 */
#ifndef CLI_TEST_COMMAND_H
#define CLI_TEST_COMMAND_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * Sends a message as a program does, through the service if it is available,
 * and prints what became of it.  With --user, a child process becomes that user
 * and reads the configuration again, as that user can read it.  Returns the
 * exit status of sendmail.
 */
int	test_command(const struct options *, const struct config *,
	    const struct log *);

#endif
