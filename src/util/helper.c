#include "util/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/file.h"

/*
 * Closes the descriptors of the parent, because another program may wait for
 * the end of its output.  Only the socket stays open, above standard error.
 */
static bool
close_all_but(int *fd)
{
	int	keep = fcntl(*fd, F_DUPFD, STDERR_FILENO + 1);
	int	nothing = file_nothing();
	bool	good = keep != -1 && nothing != -1;

	for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		good = good && dup2(nothing, i) != -1;
	*fd = STDERR_FILENO + 1;
	good = good && dup2(keep, *fd) != -1;
	closefrom(*fd + 1);
	return good;
}

pid_t
helper_start(int *fd, void (*run)(int fd, const void *context),
    const void *context)
{
	sigset_t	all, before;
	int		pair[2];
	int		error;
	pid_t		pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	error = errno;
	if (pid == 0) {
		if (!close_all_but(&pair[1]))
			_exit(EX_OSERR);
		run(pair[1], context);
		_exit(EX_OK);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(pair[1]);
	*fd = pair[0];
	if (pid == -1)
		close(pair[0]);
	errno = error;
	return pid;
}

void
helper_end(pid_t pid, int fd)
{
	close(fd);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		continue;
}
