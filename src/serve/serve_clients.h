/*
 * serve_clients.h - accept clients, and answer the requests of their sessions
 */
#ifndef SERVE_CLIENTS_H
#define SERVE_CLIENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "serve/serve_state.h"

/*
 * Accepts a few clients and starts their sessions; the others wait until the
 * events have been handled.  A client that is one too many is refused.
 */
void	serve_clients_accept(struct serve_state *, int listener);

/* Reads from the channel of a session. */
void	serve_clients_read(struct serve_state *, struct serve_client *);

/* Removes a session that has ended; false if the process is not a session. */
bool	serve_clients_reap(struct serve_state *, pid_t);

#endif
