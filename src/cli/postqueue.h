/*
 * postqueue.h - the command line of Postfix's postqueue(1)
 *
 * For programs and administrators that know the queue of Postfix.  In sendmail,
 * the same option letters have other meanings.
 */
#ifndef CLI_POSTQUEUE_H
#define CLI_POSTQUEUE_H

#include <stdbool.h>

#include "cli/options.h"
#include "util/failure.h"

/*
 * Translates the options to those of sendmail: -p to MODE_LIST, -j to
 * MODE_LIST_JSON, -f and -i to MODE_FLUSH.  Returns false, with EX_USAGE, if
 * the command line is invalid.  Changes argv.
 */
bool	postqueue_parse(struct options *, int argc, char **argv,
	    struct failure *why);

#endif
