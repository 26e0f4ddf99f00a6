/*
 * check.h - checks that involve more than one key
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include <stdbool.h>

#include "config/config.h"

/*
 * False with EX_CONFIG, and the origin of the setting, if a setting requires
 * another one or conflicts with one.
 */
bool	config_check(const struct config *, struct failure *why);

#endif
