/*
 * serving.h - a smarthost, a relais.conf, and relais serve
 *
 * Every path is in a directory of the test.  The service writes its log to
 * standard error.
 *
 *	serving_open(&s, &(struct script){ 0 }, "limit = 2/hour\n");
 *	serving_start(&s, NULL);
 *	... run clients ...
 *	serving_close(&s);
 */
#ifndef SUPPORT_SERVING_H
#define SUPPORT_SERVING_H

#include <stdbool.h>
#include <sys/types.h>

#include "support/mock_smtp.h"
#include "support/program.h"
#include "support/temp_dir.h"

struct serving {
	struct temp_dir		 dir;
	struct mock_smtp	*host;
	char			 conf[100];	/* its path */
	char			 socket[100];
	char			 spool[100];
	struct running		*running;	/* the service, or NULL */
};

/* Starts the smarthost and writes relais.conf, with more lines. */
void	serving_open(struct serving *, const struct script *,
	    const char *more);

/* Replaces relais.conf. */
void	serving_configure(struct serving *, const char *more);

/* Makes a socket that nobody listens on, as after a crash. */
void	serving_make_dead_socket(const struct serving *);

/*
 * Starts the service, and waits until it accepts clients.  .path, .argv, .env
 * and .prepare of the program are used, unless it or the field is NULL.
 */
void	serving_start(struct serving *, const struct program *);

/* Starts a service that ends by itself, and waits for its end. */
void	serving_fail(struct serving *, const struct program *,
	    struct program_result *);

/*
 * Stops the service, which must end with status 0.  The result, which may be
 * NULL, has its log.
 */
void	serving_stop(struct serving *, struct program_result *);

/* Stops the service, unless it has been stopped, and the smarthost. */
void	serving_close(struct serving *);

/* Connects to the socket.  Reading from it fails after a deadline. */
int	serving_connect(const struct serving *);

/* Sends the lines at once; returns all replies, which the caller frees. */
char	*serving_says(const struct serving *,
	    const char *lines);

/* Fails unless the reply is among the replies to these lines. */
void	serving_expect(const struct serving *,
	    const char *lines, const char *reply);

/*
 * The children of a process, as of the service: at most max, of which the
 * number is returned; 0 if the process has ended.
 */
size_t	serving_children(pid_t, pid_t *children, size_t max);

/* Waits until there are at most n of them, or fails the test. */
void	serving_wait_children(pid_t, size_t n);

#endif
