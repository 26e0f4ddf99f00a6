/*
 * changed.h - when the configuration was changed
 *
 * An attempt that failed because of the configuration or a password is
 * worthwhile again after one of the files was changed.
 */
#ifndef CONFIG_CHANGED_H
#define CONFIG_CHANGED_H

#include <stdint.h>
#include <sys/stat.h>

#include "config/config.h"

/*
 * The time of the last change, in microseconds since the epoch; 0: unknown.
 * It is the latest of these times:
 *	- the last change to a file of the configuration, as it was read;
 *	- the last change to a file that a setting names (a password, a key, a
 *	  certificate);
 *	- the last login for a name that the key token sets.
 */
int64_t	config_changed_us(const struct config *);

/* The time of the last change to the file or its attributes. */
int64_t	config_file_changed_us(const struct stat *);

#endif
