/*
 * import_command.h - relais import: use the configuration of another program
 */
#ifndef CLI_IMPORT_COMMAND_H
#define CLI_IMPORT_COMMAND_H

#include "cli/options.h"
#include "config/config.h"
#include "util/log.h"

/*
 * Prints a relais.conf, without secrets.  With --write, writes it to the file
 * of -C or to the default file, and each secret to a file of its own, which
 * only the owner and the service can read, and never over an existing file.
 * Returns the exit status.
 */
int	import_command(const struct options *, const struct config *,
	    const struct log *);

#endif
