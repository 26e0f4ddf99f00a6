/*
 * conf_load.h - the configuration of a test that uses a module
 */
#ifndef SUPPORT_CONF_LOAD_H
#define SUPPORT_CONF_LOAD_H

#include "config/config.h"
#include "support/temp_dir.h"

/*
 * Writes the text to relais.conf (mode 0600) in the directory, and reads it.
 * Any error ends the test.
 */
void	conf_load(struct config *, struct temp_dir *, const char *text);

#endif
