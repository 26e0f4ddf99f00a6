/*
 * reload.h - make the running service read its configuration again
 */
#ifndef SETUP_RELOAD_H
#define SETUP_RELOAD_H

#include <stdbool.h>

#include "util/failure.h"

enum reload_answer {
	RELOAD_DONE,		/* what->text: "SIGHUP to process 12" */
	RELOAD_NO_SERVICE,	/* nothing accepts connections */
	RELOAD_FAILED,		/* what->text: why */
};

/*
 * Sends SIGHUP to the service that listens on the socket, or asks systemd to do
 * so if systemd does.  Clients that connect afterwards are served with the new
 * configuration.
 */
enum reload_answer reload_service(const char *socket, struct failure *what);

/* Whether systemd is the service manager of this machine. */
bool	reload_has_systemd(void);

#endif
