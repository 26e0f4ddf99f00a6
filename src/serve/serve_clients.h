/*
 * serve_clients.h - accept clients, and answer the requests of their sessions
 */
#ifndef SERVE_CLIENTS_H
#define SERVE_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "serve/serve_state.h"

/* Without the processes that wait for another client. */
size_t	serve_clients_count(const struct serve_state *);

/* Accepts a connection; -1 if no client waits, or accept(2) has failed. */
int	serve_clients_accept(struct serve_state *, int listener);

/*
 * Starts a session, which takes over the socket.  A client beyond the limits is
 * refused.
 */
void	serve_clients_admit(struct serve_state *, int fd);

/* Reads from the channel of a session. */
void	serve_clients_read(struct serve_state *, struct serve_client *);

/* Ends the processes that have waited for another client for a second. */
void	serve_clients_end_idle(struct serve_state *, int64_t now);

/* When serve_clients_end_idle() is due; -1: never. */
int64_t	serve_clients_next(const struct serve_state *);

/* Removes a session that has ended; false if the process is not a session. */
bool	serve_clients_reap(struct serve_state *, pid_t);

#endif
