#include "config/secret_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/visible.h"

#define SEARCH_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { OUTPUT_MAX = 64 * 1024, ERRORS_MAX = 1024, ENVIRONMENT_MAX = 8 };

/* A running command. */
struct child {
	const char	*name;
	pid_t		 pid;		/* 0: has ended */
	int		 status;	/* of waitpid(2), after that */
	int		 out, err;	/* its output; -1: at the end */
	int		 in;		/* its input; -1: /dev/null */
	char *const	*environment;	/* more variables, or NULL */
	bool		 tied;		/* killed if this process ends */
	bool		 ignored;	/* its output is dropped */
	int		 ended;		/* signalfd: readable after SIGCHLD */
	struct buffer	 errors;	/* the start of standard error */
};

/* Splits text at blanks, and changes it; the caller frees the array. */
static char **
split_words(char *text)
{
	char	**words = NULL;
	size_t	  n = 0, cap = 0;

	for (char *word; (word = strsep(&text, " \t")) != NULL; ) {
		if (*word == '\0')
			continue;
		words = memory_room(words, n, &cap, sizeof(*words));
		words[n++] = word;
	}
	words = memory_room(words, n, &cap, sizeof(*words));
	words[n] = NULL;
	return words;
}

bool
command_search(struct buffer *path, const char *name)
{
	const char	*directory = SEARCH_PATH;

	if (name[0] == '/') {
		buffer_add_text(path, name);
		return access(name, X_OK) == 0;
	}
	while (*directory != '\0') {
		size_t	len = strcspn(directory, ":");

		buffer_clear(path);
		buffer_add(path, directory, len);
		buffer_addf(path, "/%s", name);
		if (access(path->data, X_OK) == 0)
			return true;
		directory += len + (directory[len] == ':' ? 1 : 0);
	}
	errno = ENOENT;
	return false;
}

/* Runs in the child.  The process has no threads, so all calls are safe. */
static void
exec_program(const struct child *c, const char *path, char *const *argv,
    const int output[2])
{
	struct sigaction	standard = { .sa_handler = SIG_DFL };
	char			search[] = "PATH=" SEARCH_PATH;
	char			language[] = "LANG=C";
	char			*environment[4 + ENVIRONMENT_MAX] = { search,
				    language };
	size_t			 n = 2;
	struct buffer		home = { 0 };
	const char		*reason;
	sigset_t		none;
	int			in = c->in != -1 ? c->in : open("/dev/null",
				    O_RDONLY);

	if (getenv("HOME") != NULL) {
		buffer_addf(&home, "HOME=%s", getenv("HOME"));
		environment[n++] = home.data;
	}
	for (size_t i = 0; c->environment != NULL && i < ENVIRONMENT_MAX &&
	    c->environment[i] != NULL; i++)
		environment[n++] = c->environment[i];
#ifdef __linux__
	if (c->tied)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	/* The caller of sendmail may have ignored or blocked signals. */
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	if (in == -1 || dup2(in, STDIN_FILENO) == -1 ||
	    dup2(output[0], STDOUT_FILENO) == -1 ||
	    dup2(output[1], STDERR_FILENO) == -1)
		_exit(EX_OSERR);
	closefrom(STDERR_FILENO + 1);
	execve(path, argv, environment);
	reason = strerror(errno);
	file_write(STDERR_FILENO, reason, strlen(reason));
	_exit(EX_OSERR);
}

static void
close_if_open(int fd)
{
	if (fd != -1)
		close(fd);
}

/*
 * Opens a pipe that the parent reads without waiting.  Both descriptors are
 * above standard error, even if sendmail was started with closed descriptors,
 * so that dup2() in the child does not overwrite one of them.
 */
static bool
open_pipe(int fd[2])
{
	int	low[2];

	if (pipe2(low, O_CLOEXEC) == -1)
		return false;
	fd[0] = fcntl(low[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	fd[1] = fcntl(low[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(low[0]);
	close(low[1]);
	return fd[0] != -1 && fd[1] != -1 &&
	    fcntl(fd[0], F_SETFL, O_NONBLOCK) != -1;
}

static bool
child_start(struct child *c, char *const *argv, struct failure *why)
{
	struct buffer	path = { 0 };
	int		out[2] = { -1, -1 };
	int		err[2] = { -1, -1 };
	bool		good = false;

	if (!command_search(&path, argv[0])) {
		failed_errno(why, EX_CONFIG, "%s", argv[0]);
	} else if (c->ended == -1 || !open_pipe(out) || !open_pipe(err) ||
	    (c->pid = fork()) == -1) {
		c->pid = 0;
		failed_errno(why, EX_OSERR, "%s", argv[0]);
	} else {
		if (c->pid == 0)
			exec_program(c, path.data, argv,
			    (const int[]){ out[1], err[1] });
		/* The child does the same; either may be the first to run. */
		setpgid(c->pid, c->pid);
		good = true;
	}
	close_if_open(out[1]);
	close_if_open(err[1]);
	c->out = out[0];
	c->err = err[0];
	buffer_free(&path);
	return good;
}

/*
 * Reads the available output; *fd becomes -1 at its end.  False if the output
 * exceeds the limit.
 */
static bool
read_output(int *fd, struct buffer *to, size_t limit)
{
	char	chunk[4096];
	ssize_t	n = 0;

	while (*fd != -1 && (n = read(*fd, chunk, sizeof(chunk))) != 0) {
		size_t	room = limit - to->len;

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			return true;
		if (n == -1)
			break;
		buffer_add(to, chunk, (size_t)n < room ? (size_t)n : room);
		explicit_bzero(chunk, (size_t)n);
		if ((size_t)n > room)
			return false;
	}
	close_if_open(*fd);
	*fd = -1;
	return true;
}

/*
 * Waits until the command exits, not until its output ends: a daemon that it
 * starts, such as a key agent, may keep the pipes open.
 */
static bool
child_wait(struct child *c, struct buffer *output, int64_t deadline,
    int caller, struct failure *why)
{
	while (c->pid != 0) {
		struct pollfd	fds[] = {
			{ .fd = c->out, .events = POLLIN },
			{ .fd = c->err, .events = POLLIN },
			{ .fd = c->ended, .events = POLLIN },
			{ .fd = caller },
		};
		struct signalfd_siginfo	info;
		int64_t		left = deadline - clock_ms();

		if (left <= 0)
			return failed(why, EX_TEMPFAIL, "%s: timed out and was "
			    "killed", c->name);
		poll(fds, sizeof(fds) / sizeof(fds[0]), (int)left);
		while (read(c->ended, &info, sizeof(info)) > 0)
			continue;
		if (waitpid(c->pid, &c->status, WNOHANG) == c->pid)
			c->pid = 0;
		if (!read_output(&c->out, output, OUTPUT_MAX) && !c->ignored)
			return failed(why, EX_CONFIG, "%s: the output is "
			    "larger than %d KiB", c->name, OUTPUT_MAX / 1024);
		/* The rest of a long error is discarded. */
		read_output(&c->err, &c->errors, ERRORS_MAX);
		if (c->pid != 0 && (fds[3].revents & POLLHUP) != 0)
			return failed(why, EX_TEMPFAIL, "%s: killed because "
			    "sendmail has ended", c->name);
	}
	return true;
}

static bool
child_succeeded(const struct child *c, struct failure *why)
{
	char	shown[256];
	int	status = WEXITSTATUS(c->status);

	if (WIFEXITED(c->status) && status == 0)
		return true;
	if (WIFEXITED(c->status))
		failed(why, status == EX_TEMPFAIL ? EX_TEMPFAIL : EX_CONFIG,
		    "%s: exited with status %d", c->name, status);
	else
		failed(why, EX_CONFIG, "%s: killed by signal %d", c->name,
		    WTERMSIG(c->status));
	if (c->errors.len > 0)
		failure_suffix(why, ": %s", visible(shown, sizeof(shown),
		    c->errors.data, strcspn(c->errors.data, "\r\n")));
	return false;
}

static void
child_end(struct child *c)
{
	close_if_open(c->out);
	close_if_open(c->err);
	if (c->pid > 0) {
		kill(-c->pid, SIGKILL);
		while (waitpid(c->pid, &c->status, 0) == -1 && errno == EINTR)
			continue;
	}
	buffer_wipe(&c->errors);
}

/* Runs the command; c has its input and environment. */
static bool
run_child(struct child *c, struct buffer *output, const char *command,
    int64_t timeout_ms, int caller, struct failure *why)
{
	struct sigaction	standard = { .sa_handler = SIG_DFL };
	struct sigaction	action_before;
	sigset_t		sigchld, mask_before;
	int64_t			deadline = clock_ms() + timeout_ms;
	char			*text = memory_copy(command);
	char			**words = split_words(text);
	bool			good;

	c->name = words[0];
	c->out = c->err = -1;
	/* If SIGCHLD is ignored, which is inherited, the status is lost. */
	sigaction(SIGCHLD, &standard, &action_before);
	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &sigchld, &mask_before);
	c->ended = signalfd(-1, &sigchld, SFD_CLOEXEC | SFD_NONBLOCK);

	good = child_start(c, words, why) &&
	    child_wait(c, output, deadline, caller, why) &&
	    child_succeeded(c, why);
	child_end(c);
	if (!good)
		buffer_wipe(output);

	close_if_open(c->ended);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	sigaction(SIGCHLD, &action_before, NULL);
	free(words);
	free(text);
	return good;
}

bool
command_output(struct buffer *output, const char *command, int64_t timeout_ms,
    int caller, struct failure *why)
{
	struct child	c = { .in = -1 };

	return run_child(&c, output, command, timeout_ms, caller, why);
}

bool
command_notify(const struct command_notice *notice, struct failure *why)
{
	struct child	c = { .environment = notice->environment,
			    .tied = true, .ignored = true };
	struct buffer	output = { 0 };
	int		low = file_in_memory();
	bool		good;

	/* Above standard error, as in open_pipe(). */
	c.in = low != -1 ? fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
	if (low != -1)
		close(low);
	if (c.in == -1 || !file_write(c.in, notice->input,
	    strlen(notice->input)) || lseek(c.in, 0, SEEK_SET) == -1)
		good = failed_errno(why, EX_OSERR, "the input of %s",
		    notice->command);
	else
		good = run_child(&c, &output, notice->command,
		    notice->timeout_ms, -1, why);
	buffer_free(&output);
	close_if_open(c.in);
	return good;
}
