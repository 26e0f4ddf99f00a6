/*
 * serve_listen.h - the sockets on which the service accepts clients
 *
 * Sockets that the service manager passes (LISTEN_FDS, sd_listen_fds(3)) are
 * used; if none of them is a Unix socket, the service also creates its own.
 * Only Unix sockets and TCP sockets on a loopback address are used: everybody
 * who can connect can send mail.
 */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/failure.h"

enum { SERVE_LISTEN_MAX = 16 };

struct serve_listen {
	int	 fd[SERVE_LISTEN_MAX];	/* non-blocking, close-on-exec */
	size_t	 n;
	char	*path;		/* owned; of our own socket, or NULL */
	ino_t	 inode;		/* of that path */
};

/*
 * Takes over the passed sockets, and removes LISTEN_FDS and the like from the
 * environment.  Returns false, with EX_CONFIG, if one of them is not such a
 * socket; serve_listen_close() in either case.
 */
bool	serve_listen_inherit(struct serve_listen *, struct failure *why);

/*
 * Creates the socket, mode 0666, unless a Unix socket has been passed.  An old
 * socket at that path is replaced, unless a process listens on it that sends a
 * greeting or keeps the connection open for five seconds.  Returns false with
 * why: EX_TEMPFAIL if another process listens, EX_CANTCREAT if the socket
 * cannot be created.
 */
bool	serve_listen_create(struct serve_listen *, const char *path,
	    struct failure *why);

/* Closes all, without removing our own socket: for a child process. */
void	serve_listen_leave(struct serve_listen *);

/* Closes all and removes our own socket. */
void	serve_listen_close(struct serve_listen *);

#endif
