/*
 * check.h - settings that make no sense without each other
 */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include <stdbool.h>

#include "config/config.h"

/* EX_CONFIG, naming the place of the half that is there. */
bool	config_check(const struct config *, struct failure *why);

#endif
