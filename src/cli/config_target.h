/*
 * config_target.h - the files that relais import and relais setup write
 */
#ifndef CLI_CONFIG_TARGET_H
#define CLI_CONFIG_TARGET_H

#include "cli/options.h"

/*
 * The absolute path of the file of -C or of the default file: that of the
 * system for root, and that of the user otherwise.  The caller frees it.
 */
char	*config_target(const struct options *);

/* "/etc/relais.conf" becomes "/etc/relais.password"; the caller frees it. */
char	*config_target_secret(const char *target);

#endif
