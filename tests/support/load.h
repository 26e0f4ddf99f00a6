/*
 * load.h - run many callers of sendmail at the same time
 *
 * The smarthost has TLS, and the service has a socket and a spool of its own.
 * Each message has a number in its Subject field and is sent by a process of
 * its own.  Each message that was acknowledged (exit status 0) must have been
 * received by the smarthost, at the latest in the queue run at the end:
 *
 *	load_open(&l, "connections = 2\n");
 *	load_start(&l, NULL);
 *	load_run(&l, &(struct load_callers){ .n = 200, .at_once = 20 });
 *	load_settle(&l);
 *	load_check(&l, 0);
 *	load_close(&l);
 */
#ifndef SUPPORT_LOAD_H
#define SUPPORT_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "support/program.h"
#include "support/tls_fixture.h"

struct load_message {
	bool	 acknowledged;	/* the caller's exit status was 0 */
	unsigned received;	/* times, by the smarthost */
};

struct load {
	struct tls_fixture	 at;
	char			 conf[80];	/* of the service: a copy */
	struct running		*service;	/* NULL: not running */
	char			 spool[80];
	struct load_message	*message;	/* owned */
	size_t			 n;

	/* The callers so far by exit status: 0, EX_TEMPFAIL, another. */
	size_t			 acknowledged, deferred, failed;
	size_t			 processes_max;	/* of the service */
	long			 rss_max_kb;	/* of each of them; after
						 * load_stop() */
	int			 errors;	/* stderr of the callers */
};

struct load_callers {
	size_t		 n;		/* messages */
	size_t		 at_once;	/* callers at the same time */
	const char *const *argv;	/* NULL: relais -C CONF -i TO; or with
					 * an absolute path */
	const char *const *env;		/* NULL: none */

	/* Called after each caller, with the number of those that ended. */
	void	       (*ended)(struct load *, size_t n);
};

/* Lines of relais.conf in addition to those that a service needs, or NULL. */
void	load_open(struct load *, const char *more);
void	load_close(struct load *);

/* The service.  prepare is called in its process before exec(3); or NULL. */
void	load_start(struct load *, void (*prepare)(void *));
void	load_stop(struct load *);	/* by SIGTERM: exit status 0 */
void	load_kill(struct load *);	/* by SIGKILL */

/* The children of the service, up to max; returns how many. */
size_t	load_children(const struct load *, pid_t *to, size_t max);

/* Adds lines to the configuration that the service reads at SIGHUP. */
void	load_configure(struct load *, const char *more);

/* Sends further messages, and returns how many seconds it took. */
double	load_run(struct load *, const struct load_callers *);

/* Ends the smarthost, so that its port refuses connections. */
void	load_lose_smarthost(struct load *);

/* Starts another smarthost on this port. */
void	load_replace_smarthost(struct load *);

/* Stops the service if it is running, and empties the queue. */
void	load_settle(struct load *);

/*
 * Fails if an acknowledged message was not received, if more than that many
 * messages were received twice, or if one was received three times.
 */
void	load_check(struct load *, size_t twice_max);

#endif
