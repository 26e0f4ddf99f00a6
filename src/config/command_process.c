#include "config/command_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/secret_command.h"
#include "util/file.h"

enum {
	COMMAND_MS = 30 * 1000,
	RESULT_MS = COMMAND_MS + 5 * 1000,	/* if the process hangs */
};

/* Precedes the output of a command on the socket. */
struct command_result {
	struct failure	why;	/* .status is EX_OK after success */
	size_t		len;	/* of the output */
};

/* Sets *command to the command with this number; false after the last one. */
static bool
command_at(const struct config *config, size_t number, const char **command)
{
	static const enum config_key	keys[] = { KEY_PASSWORD_COMMAND,
					    KEY_TOKEN_COMMAND };

	for (const struct section *s = config->first; s != NULL; s = s->next)
		for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
			if (s->setting[keys[i]] != NULL && number-- == 0) {
				*command = s->setting[keys[i]]->value;
				return true;
			}
	return false;
}

/*
 * In the child.
 */

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

static void
run_commands(int fd, const struct config *config)
{
	struct buffer		 output = { 0 };
	struct command_result	 r;
	const char		*command;
	uint32_t		 number;

	if (!close_all_but(&fd))
		_exit(EX_OSERR);
	while (read(fd, &number, sizeof(number)) == sizeof(number) &&
	    command_at(config, number, &command)) {
		memset(&r, 0, sizeof(r));
		if (command_output(&output, command, COMMAND_MS, fd, &r.why))
			r.len = output.len;
		if (!file_write(fd, &r, sizeof(r)) ||
		    !file_write(fd, output.data, r.len))
			_exit(EX_IOERR);
		buffer_wipe(&output);
	}
	_exit(EX_OK);
}

/*
 * In the parent.
 */

void
command_process_start(struct command_process *p, const struct config *config)
{
	const char	*command;
	sigset_t	 all, before;
	int		 fd[2];

	*p = (struct command_process){ .config = config };
	if (!command_at(config, 0, &command))
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) == -1) {
		p->error = errno;
		return;
	}
	p->fd = fd[0];
	/* The child blocks all signals; it ends when its parent ends. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	p->pid = fork();
	if (p->pid == 0)
		run_commands(fd[1], config);
	if (p->pid == -1) {
		p->error = errno;
		p->pid = 0;
		close(p->fd);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(fd[1]);
}

static bool
read_result(struct command_process *p, void *data, size_t len)
{
	struct pollfd	ready[2] = {
		{ .fd = p->fd, .events = POLLIN },
		{ .fd = p->interrupt != NULL ? p->interrupt->fd : -1,
		    .events = POLLIN },
	};
	char		*to = data;

	while (len > 0) {
		ssize_t	n = poll(ready, 2, RESULT_MS);

		if (n > 0 && ready[0].revents == 0) {
			if (interrupt_came(p->interrupt))
				return false;
			continue;
		}
		if (n == 0)
			errno = ETIMEDOUT;
		else if (n > 0 && (n = read(p->fd, to, len)) == 0)
			errno = EPIPE;
		if (n > 0) {
			to += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

static bool
request_output(struct command_process *p, uint32_t number,
    struct buffer *output, struct failure *why)
{
	struct command_result	r;

	if (!file_write(p->fd, &number, sizeof(number)) ||
	    !read_result(p, &r, sizeof(r)) ||
	    !read_result(p, buffer_room(output, r.len), r.len)) {
		if (interrupt_is_known(p->interrupt))
			return interrupt_failed(p->interrupt, why);
		return failed_errno(why, EX_TEMPFAIL,
		    "no result from the process that runs commands");
	}
	output->len += r.len;
	buffer_add(output, "", 0);
	*why = r.why;
	return r.why.status == EX_OK;
}

bool
command_process_run(struct command_process *p, struct buffer *output,
    const char *command, struct failure *why)
{
	const char	*other;

	if (p->pid == 0) {
		errno = p->error;
		return failed_errno(why, EX_OSERR,
		    "cannot start the process that runs commands");
	}
	for (uint32_t i = 0; command_at(p->config, i, &other); i++)
		if (strcmp(other, command) == 0)
			return request_output(p, i, output, why);
	return failed(why, EX_SOFTWARE, "%s is not in the configuration",
	    command);
}

void
command_process_end(struct command_process *p)
{
	if (p->pid == 0)
		return;
	close(p->fd);
	while (waitpid(p->pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	p->pid = 0;
}
