/*
 * serve_state.h - the process of the service: what it holds, how it forks
 *
 * Only for serve.c and the files that handle its events: serve_clients.c and
 * serve_pool.c.
 */
#ifndef SERVE_STATE_H
#define SERVE_STATE_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "config/identity.h"
#include "queue/spool.h"
#include "serve/serve.h"
#include "serve/serve_channel.h"
#include "serve/serve_listen.h"
#include "serve/serve_notify.h"
#include "serve/serve_users.h"

/* A client, and the process that serves it (serve_session.h). */
struct serve_client {
	pid_t	pid;
	uid_t	uid;
	int	channel;	/* -1: closed, so the process is ending */
	bool	idle;		/* the client has left */
	int64_t	idle_since;	/* clock_ms(), if .idle */
	bool	outdated;	/* it has the previous configuration */
	int64_t	counted_ms;	/* clock_ms() when its current message was
				 * counted for the limit; 0: not counted */
};

/* A worker process (serve_worker.h). */
struct serve_pool_worker {
	pid_t	pid;
	int	channel;	/* -1: closed, so the worker is ending */
	unsigned busy;		/* messages that it has: at most two */
	bool	outdated;	/* it has the previous configuration */
	int64_t	idle_since;	/* clock_ms(), unless busy */
};

/* A message that waits for a worker. */
struct serve_pool_message {
	int	fds[SERVE_CHANNEL_FDS];
	int64_t	deadline;	/* clock_ms() */
};

/* Arrays are owned. */
struct serve_state {
	const struct serve_options *options;
	const struct config	*config;	/* the current one */
	struct config		 loaded;	/* after a reload */
	struct identity		 me;
	struct spool		 spool;		/* closed if there is none */
	struct serve_listen	 listen;
	struct serve_notify	 notify;
	struct serve_users	 users;
	sigset_t		 before;	/* the signal mask */
	int			 signals;	/* signalfd(2) */

	struct serve_client	*client;
	size_t			 n_clients;
	size_t			 clients_cap;
	size_t			 clients_max;
	int64_t			 accept_after;	/* clock_ms() */
	int64_t			 accept_logged;	/* serve_state_may_log() */
	int64_t			 fork_logged;	/* the same */

	struct serve_pool_worker *worker;
	size_t			 n_workers;
	size_t			 workers_cap;
	struct serve_pool_message *message;	/* the oldest first */
	size_t			 n_messages;
	size_t			 messages_cap;
	atomic_bool		*waiting;	/* for the workers, whether
						 * there are messages; not to be
						 * read, because they can write
						 * to it; NULL: no memory */
	size_t			 connections;
	int			 seats;		/* shared file for
						 * relay/seats.h; or -1 */

	pid_t			 runner;	/* the queue run; 0: none */
	bool			 run_now;	/* all entries but held ones */
	bool			 run_due;	/* entries that are due */
	int64_t			 next_run;	/* clock_ms() */

	bool			 stopping;	/* after SIGTERM or SIGINT */
	int64_t			 end_attempts;	/* clock_ms(); 0: none */
	int64_t			 kill_all;	/* clock_ms(); 0: none */

	int64_t			 next_watchdog;	/* clock_ms(); 0: none */
	char			 status[128];	/* as last notified */
};

/*
 * Forks.  In the child, which receives 0, the descriptors of the service are
 * closed, and the signal mask is the one from before.  If channel is not NULL,
 * it is set to the end of a new channel between the two processes, which the
 * caller must close.  Returns -1 if it fails, and logs the reason, but not more
 * than once a minute.
 */
pid_t	serve_state_fork(struct serve_state *, int *channel);

/*
 * Whether to log a failure that may repeat with each event: only once a minute.
 * *last, which belongs to this failure, is 0 at first.
 */
bool	serve_state_may_log(int64_t *last);

/*
 * An entry may be due in so many seconds: if the key pace is set, looks at the
 * queue then, but not in the next five seconds, so that one queue run sends
 * several entries.
 */
void	serve_state_expect_turn(struct serve_state *, int64_t seconds);

/* Closes a descriptor unless it is -1, and sets it to -1. */
void	serve_state_close(int *fd);

void	serve_state_free(struct serve_state *);

#endif
