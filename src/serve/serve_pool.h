/*
 * serve_pool.h - the workers, and the messages that wait for one
 *
 * Workers are started on demand, up to `connections`, and ended after a minute
 * without a message.  While a queue run is in progress, half of the connections
 * are left to it.
 */
#ifndef SERVE_POOL_H
#define SERVE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "serve/serve_state.h"

/* Call this before the first worker is started. */
void	serve_pool_begin(struct serve_state *);

/* The connections of a queue run. */
size_t	serve_pool_run_connections(const struct serve_state *);

/* Whether the connections of a queue run are free. */
bool	serve_pool_may_run(const struct serve_state *);

size_t	serve_pool_count_busy(const struct serve_state *);

/* Adds a message, of which the descriptors are now owned. */
void	serve_pool_add(struct serve_state *, const int fds[SERVE_CHANNEL_FDS]);

/*
 * Passes messages to workers.  Messages that have waited for a second, and all
 * messages if the service stops, are left to their sessions, which queue them.
 */
void	serve_pool_dispatch(struct serve_state *, int64_t now);

/* Ends workers that have been idle for long, or whose connection is needed. */
void	serve_pool_end_idle(struct serve_state *, int64_t now);

/* When serve_pool_dispatch() or serve_pool_end_idle() is due; -1: never. */
int64_t	serve_pool_next(const struct serve_state *);

/*
 * Reads from the channel of a worker.  If messages wait, a worker that asks for
 * the next one gets the oldest, unless a queue run waits for its connection.
 */
void	serve_pool_read(struct serve_state *, struct serve_pool_worker *);

/* Removes a worker that has ended; false if the process is not a worker. */
bool	serve_pool_reap(struct serve_state *, pid_t);

#endif
