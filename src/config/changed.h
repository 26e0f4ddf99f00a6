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
 * The time of the last change, in microseconds since the epoch, of a file that
 * was read as part of the configuration, at the time it was read, or of a file
 * that a setting names: passwords, keys and certificates; or of the last login
 * of a login that the key token names.  0: unknown.
 */
int64_t	config_changed_us(const struct config *);

/* The time of the last change to the file or its attributes. */
int64_t	config_file_changed_us(const struct stat *);

#endif
