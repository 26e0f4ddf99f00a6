/*
 * config_target.h - the files that relais import and relais setup write
 */
#ifndef CLI_CONFIG_TARGET_H
#define CLI_CONFIG_TARGET_H

#include <stdbool.h>
#include <sys/types.h>

#include "cli/options.h"
#include "util/failure.h"

/*
 * The absolute path of the file of -C or of the default file: that of the
 * system for root, and that of the user otherwise.  The caller frees it.
 */
char	*config_target(const struct options *);

/*
 * Returns the directory that config_target_make_directory() would create, or
 * NULL: only that of a user's own configuration, such as ~/.config, is created.
 * The caller frees it.
 */
char	*config_target_new_directory(const struct options *,
	    const char *target);

/* Creates that directory, if it does not exist, with mode 0700. */
bool	config_target_make_directory(const struct options *,
	    const char *target, struct failure *why);

/*
 * Sets the group that can read secrets: that of the service, if root writes
 * them and the user relais exists; otherwise (gid_t)-1, only the owner.  False
 * with EX_OSERR.
 */
bool	config_target_group(gid_t *, struct failure *why);

/* "/etc/relais.conf" becomes "/etc/relais.password"; the caller frees it. */
char	*config_target_secret(const char *target);

#endif
