/*
 * serve_start.h - what the service requires before it accepts clients
 *
 * Root creates the directories and becomes the user relais (serve_user.h); this
 * user must be able to read the configuration and the secrets, and to use the
 * queue.
 */
#ifndef SERVE_START_H
#define SERVE_START_H

#include <stdbool.h>

#include "config/config.h"
#include "queue/spool.h"
#include "serve/serve.h"
#include "util/failure.h"

/*
 * If the process is root, creates the directory of the socket, which may be
 * NULL, and that of the queue, becomes the user relais, and checks that this
 * user can read the configuration.
 */
bool	serve_start_user(const struct serve_options *, const char *socket_path,
	    struct failure *why);

/* EX_NOPERM if this user cannot read a file with a secret. */
bool	serve_start_check_secrets(const struct config *, struct failure *why);

/*
 * Opens the queue; the spool is closed if there is none, which is a failure
 * unless the service listens.
 */
bool	serve_start_queue(struct spool *, const struct config *, bool listens,
	    struct failure *why);

#endif
