/*
 * log_config.h - open the log of the configuration
 */
#ifndef CONFIG_LOG_CONFIG_H
#define CONFIG_LOG_CONFIG_H

#include "config/config.h"
#include "util/log.h"

/*
 * Opens the log with the settings of log and log_addresses, under the name of
 * the program.  If the configuration is NULL, the defaults are used.
 */
void	log_config_open(struct log *, const struct config *);

#endif
