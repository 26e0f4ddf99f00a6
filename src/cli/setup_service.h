/*
 * setup_service.h - what a new configuration means for the service
 */
#ifndef CLI_SETUP_SERVICE_H
#define CLI_SETUP_SERVICE_H

#include "config/config.h"

/*
 * For root, after the configuration of the system was written: makes the
 * running service read it, or prints how to start the service.  private_file is
 * a file that only root can read, because the user relais does not exist; or
 * NULL.
 */
void	setup_service(const struct config *, const char *private_file);

#endif
