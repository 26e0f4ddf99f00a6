/*
 * helper.h - fork a process that acts for this one outside its sandbox
 *
 * A process in the sandbox (util/sandbox.h) cannot start a program or create a
 * file.  A helper is forked before the sandbox is entered, and carries out the
 * requests of its parent on a socket.  It accepts only requests that its copy
 * of the configuration permits.
 */
#ifndef UTIL_HELPER_H
#define UTIL_HELPER_H

#include <sys/types.h>

/*
 * Starts a helper, which calls run() and exits after it.  Its only descriptors
 * are the socket, and /dev/null as standard input, output and error.  It blocks
 * all signals: it must end when the socket is at its end.
 * Returns its process ID and sets *fd to the socket, or returns -1 with errno.
 */
pid_t	helper_start(int *fd, void (*run)(int fd, const void *context),
	    const void *context);

/* Closes the socket and waits until the helper has ended. */
void	helper_end(pid_t, int fd);

#endif
