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

enum {
	OUTPUT_MAX = 64 * 1024,
	ERRORS_MAX = 1024,
	ENVIRONMENT_MAX = 8,
	REST_MAX = 1024 * 1024,		/* read after the end of a command */
	END_MS = 1000,			/* until the next signal */
};

/* A running command. */
struct child {
	const char	*name;
	pid_t		 pid;		/* 0: has ended */
	int		 status;	/* of waitpid(2), after that */
	int		 out, err;	/* its output; -1: at the end */
	int		 failure;	/* has errno if it cannot be started */
	int		 in;		/* its input; -1: /dev/null */
	bool		 is_connection;	/* .in is also its output */
	char *const	*environment;	/* more variables, or NULL */
	bool		 tied;		/* killed if this process ends */
	bool		 ignored;	/* its output is dropped */
	bool		 keep_end;	/* of its standard error */
	bool		 is_ours;	/* its error message says everything,
					 * and it ends by itself */
	bool		 is_left;	/* its end is not waited for */
	int64_t		 timeout_ms;
	int		 caller;	/* a socket, or -1: killed if its other
					 * end is closed */
	char *const	*arguments;	/* more words, or NULL */
	char		*text;		/* owned, and its words: */
	char		**words;	/* owned */
	bool		 was_started;
	int		 ended;		/* signalfd: readable after SIGCHLD */
	struct buffer	 errors;	/* the start of standard error, or its
					 * end */
};

/*
 * Splits text at blanks, and changes it; more words, or NULL, follow.  The
 * caller frees the array.
 */
static char **
split_words(char *text, char *const *more)
{
	char	**words = NULL;
	size_t	  n = 0, cap = 0;

	for (char *word; (word = strsep(&text, " \t")) != NULL; ) {
		if (*word == '\0')
			continue;
		words = memory_room(words, n, &cap, sizeof(*words));
		words[n++] = word;
	}
	for (; more != NULL && *more != NULL; more++) {
		words = memory_room(words, n, &cap, sizeof(*words));
		words[n++] = *more;
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

const char *
command_last_line(const char *errors, size_t len, size_t *line_len)
{
	size_t	start;

	while (len > 0 && strchr(" \t\r\n", errors[len - 1]) != NULL)
		len--;
	for (start = len; start > 0 && errors[start - 1] != '\n' &&
	    errors[start - 1] != '\r'; start--)
		continue;
	*line_len = len - start;
	return errors + start;
}

/* Runs in the child.  The process has no threads, so all calls are safe. */
static void
exec_program(const struct child *c, const char *path, const int output[3])
{
	struct sigaction	standard = { .sa_handler = SIG_DFL };
	char			search[] = "PATH=" SEARCH_PATH;
	char			language[] = "LANG=C";
	char			*environment[4 + ENVIRONMENT_MAX] = { search,
				    language };
	size_t			 n = 2;
	struct buffer		home = { 0 };
	sigset_t		none;
	int			failure = STDERR_FILENO + 1;
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
	    dup2(c->is_connection ? in : output[0], STDOUT_FILENO) == -1 ||
	    dup2(output[1], STDERR_FILENO) == -1 ||
	    dup2(output[2], failure) == -1 ||
	    fcntl(failure, F_SETFD, FD_CLOEXEC) == -1)
		_exit(EX_OSERR);
	closefrom(failure + 1);
	execve(path, c->words, environment);
	file_write(failure, &errno, sizeof(errno));
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
	if (pipe2(fd, O_CLOEXEC) == -1) {
		fd[0] = fd[1] = -1;
		return false;
	}
	for (int i = 0; i < 2; i++) {
		int	low = fd[i];

		if (low > STDERR_FILENO)
			continue;
		fd[i] = fcntl(low, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(low);
	}
	return fd[0] != -1 && fd[1] != -1 &&
	    fcntl(fd[0], F_SETFL, O_NONBLOCK) != -1;
}

static bool
child_start(struct child *c, struct failure *why)
{
	struct buffer	path = { 0 };
	int		out[2] = { -1, -1 };
	int		err[2] = { -1, -1 };
	int		failure[2] = { -1, -1 };
	bool		good = false;

	if (!command_search(&path, c->name)) {
		failed(why, EX_CONFIG, "%s", strerror(errno));
	} else if (c->ended == -1 || !open_pipe(out) || !open_pipe(err) ||
	    !open_pipe(failure) || (c->pid = fork()) == -1) {
		c->pid = 0;
		failed(why, EX_OSERR, "%s", strerror(errno));
	} else {
		if (c->pid == 0)
			exec_program(c, path.data,
			    (const int[]){ out[1], err[1], failure[1] });
		/* The child does the same; either may be the first to run. */
		setpgid(c->pid, c->pid);
		c->was_started = good = true;
	}
	close_if_open(out[1]);
	close_if_open(err[1]);
	close_if_open(failure[1]);
	c->out = out[0];
	c->err = err[0];
	c->failure = failure[0];
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
 * Reads once, keeps only the end, and returns the number of octets read; *fd
 * becomes -1 at its end.
 */
static size_t
read_end(int *fd, struct buffer *to, size_t limit)
{
	char	chunk[4096];
	ssize_t	n = *fd != -1 ? read(*fd, chunk, sizeof(chunk)) : 0;

	if (n > 0) {
		buffer_add(to, chunk, (size_t)n);
		if (to->len > limit) {
			memmove(to->data, to->data + to->len - limit, limit);
			to->len = limit;
		}
		return (size_t)n;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_if_open(*fd);
		*fd = -1;
	}
	return 0;
}

/* The output is discarded beyond the limit. */
static void
read_errors(struct child *c)
{
	size_t	rest = REST_MAX;
	size_t	n;

	if (!c->keep_end) {
		read_output(&c->err, &c->errors, ERRORS_MAX);
		return;
	}
	/* While the command runs, it could write endlessly. */
	do {
		n = read_end(&c->err, &c->errors, COMMAND_ERRORS_MAX);
		rest -= n < rest ? n : rest;
	} while (c->pid == 0 && n > 0 && rest > 0);
}

/*
 * Waits until the command exits, not until its output ends: a daemon that it
 * starts, such as a key agent, may keep the pipes open.
 */
static bool
child_wait(struct child *c, struct buffer *output, int64_t deadline,
    struct failure *why)
{
	while (c->pid != 0) {
		struct pollfd	fds[] = {
			{ .fd = c->out, .events = POLLIN },
			{ .fd = c->err, .events = POLLIN },
			{ .fd = c->ended, .events = POLLIN },
			{ .fd = c->caller },
		};
		struct signalfd_siginfo	info;
		int64_t		left = deadline - clock_ms();

		if (left <= 0)
			return failed(why, EX_TEMPFAIL, "timed out and was "
			    "killed");
		poll(fds, sizeof(fds) / sizeof(fds[0]), (int)left);
		while (read(c->ended, &info, sizeof(info)) > 0)
			continue;
		if (waitpid(c->pid, &c->status, WNOHANG) == c->pid)
			c->pid = 0;
		if (!read_output(&c->out, output, OUTPUT_MAX) && !c->ignored)
			return failed(why, EX_CONFIG, "the output is larger "
			    "than %d KiB", OUTPUT_MAX / 1024);
		read_errors(c);
		if (c->pid == 0 || (fds[3].revents & POLLHUP) == 0)
			continue;
		c->is_left = c->is_ours;
		return failed(why, EX_TEMPFAIL, "%s because sendmail has ended",
		    c->is_left ? "left" : "killed");
	}
	return true;
}

/* After the end of the command, before its process ID can be used again. */
static void
kill_group(const struct child *c)
{
	siginfo_t	info = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) ==
	    0 && info.si_pid == c->pid)
		kill(-c->pid, SIGKILL);
}

/*
 * Waits until the command exits.  Sets *stopped after the caller has ended the
 * connection and the command did not end by itself.
 */
static void
child_wait_connection(struct child *c, bool *stopped)
{
	int64_t	next = 0;	/* when the next signal is sent; 0: never */

	*stopped = false;
	while (c->pid != 0) {
		struct pollfd	fds[] = {
			{ .fd = c->err, .events = POLLIN },
			{ .fd = c->ended, .events = POLLIN },
			{ .fd = next == 0 ? c->caller : -1,
			    .events = POLLIN },
		};
		struct signalfd_siginfo	info;
		int64_t		left = next == 0 ? -1 : next - clock_ms();

		poll(fds, sizeof(fds) / sizeof(fds[0]), next == 0 ? -1 :
		    left > 0 ? (int)left : 0);
		while (read(c->ended, &info, sizeof(info)) > 0)
			continue;
		kill_group(c);
		if (waitpid(c->pid, &c->status, WNOHANG) == c->pid)
			c->pid = 0;
		read_errors(c);
		if (next == 0 && fds[2].revents != 0) {
			next = clock_ms() + END_MS;
		} else if (c->pid != 0 && next != 0 && clock_ms() >= next) {
			kill(-c->pid, *stopped ? SIGKILL : SIGTERM);
			*stopped = true;
			next = clock_ms() + END_MS;
		}
	}
}

/* Whether the command could not be started: *why as for child_start(). */
static bool
child_was_not_started(const struct child *c, struct failure *why)
{
	int	error;
	bool	lasts;

	if (!WIFEXITED(c->status) || WEXITSTATUS(c->status) != EX_OSERR ||
	    read(c->failure, &error, sizeof(error)) != sizeof(error))
		return false;
	lasts = error == ENOENT || error == EACCES || error == ENOEXEC ||
	    error == ENOTDIR || error == EISDIR || error == ELOOP ||
	    error == EPERM || error == ENAMETOOLONG || error == ELIBBAD ||
	    error == EINVAL;
	failed(why, lasts ? EX_CONFIG : EX_OSERR, "%s", strerror(error));
	/* command_search() has found the program itself. */
	if (error == ENOENT)
		failure_suffix(why, " (the interpreter in its first line)");
	if (error == ENOEXEC)
		failure_suffix(why, " (a script must begin with #!)");
	return true;
}

static bool
child_succeeded(const struct child *c, struct failure *why)
{
	char	shown[1024] = "";
	int	status = WEXITSTATUS(c->status);

	if (WIFEXITED(c->status) && status == 0)
		return true;
	if (child_was_not_started(c, why))
		return failure_prefix(why, "%s: ", c->name);
	if (c->errors.len > 0)
		visible(shown, c->is_ours ? sizeof(shown) : 256,
		    c->errors.data, strcspn(c->errors.data, "\r\n"));
	if (WIFEXITED(c->status) && c->is_ours && shown[0] != '\0')
		return failed(why, status == EX_TEMPFAIL ? EX_TEMPFAIL :
		    EX_CONFIG, "%s", shown);
	if (WIFEXITED(c->status))
		failed(why, status == EX_TEMPFAIL ? EX_TEMPFAIL : EX_CONFIG,
		    "%s: exited with status %d", c->name, status);
	else
		failed(why, EX_CONFIG, "%s: killed by signal %d", c->name,
		    WTERMSIG(c->status));
	if (shown[0] != '\0')
		failure_suffix(why, ": %s", shown);
	return false;
}

static void
child_end(struct child *c)
{
	close_if_open(c->out);
	close_if_open(c->err);
	close_if_open(c->failure);
	if (c->pid > 0 && !c->is_left) {
		kill(-c->pid, SIGKILL);
		while (waitpid(c->pid, &c->status, 0) == -1 && errno == EINTR)
			continue;
	}
	buffer_wipe(&c->errors);
	free(c->words);
	free(c->text);
}

static void
child_set_words(struct child *c, const char *command)
{
	c->text = memory_copy(command);
	c->words = split_words(c->text, c->arguments);
	c->name = c->words[0] != NULL ? c->words[0] : "";
	c->out = c->err = c->failure = -1;
}

/*
 * Runs the command until it ends, is killed, or exceeds a limit.  After false,
 * with why, which does not name the command, it has not been started or may
 * still run, until child_end().
 */
static bool
child_run(struct child *c, const char *command, struct buffer *output,
    struct failure *why)
{
	struct sigaction	standard = { .sa_handler = SIG_DFL };
	struct sigaction	action_before;
	sigset_t		sigchld, mask_before;
	int64_t			deadline = clock_ms() + c->timeout_ms;
	bool			good;

	child_set_words(c, command);
	/* If SIGCHLD is ignored, which is inherited, the status is lost. */
	sigaction(SIGCHLD, &standard, &action_before);
	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &sigchld, &mask_before);
	c->ended = signalfd(-1, &sigchld, SFD_CLOEXEC | SFD_NONBLOCK);

	good = child_start(c, why) && child_wait(c, output, deadline, why);

	close_if_open(c->ended);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	sigaction(SIGCHLD, &action_before, NULL);
	return good;
}

/* Runs the command to its end; a failure leaves no output. */
static bool
child_output(struct child *c, const char *command, struct buffer *output,
    struct failure *why)
{
	bool	good = child_run(c, command, output, why) ?
		    child_succeeded(c, why) :
		    failure_prefix(why, "%s: ", c->name);

	child_end(c);
	if (!good)
		buffer_wipe(output);
	return good;
}

bool
command_output(struct buffer *output, const char *command, int64_t timeout_ms,
    int caller, struct failure *why)
{
	struct child	c = { .in = -1, .timeout_ms = timeout_ms,
			    .caller = caller };

	return child_output(&c, command, output, why);
}

bool
command_program(struct buffer *output, const struct command_program *program,
    struct failure *why)
{
	struct child	c = { .in = -1, .arguments = program->arguments,
			    .environment = program->environment,
			    .timeout_ms = program->timeout_ms,
			    .caller = program->caller, .is_ours = true };

	return child_output(&c, program->path, output, why);
}

bool
command_notify(const struct command_notice *notice, struct failure *why)
{
	struct child	c = { .environment = notice->environment,
			    .timeout_ms = notice->timeout_ms, .caller = -1,
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
		good = child_output(&c, notice->command, &output, why);
	buffer_free(&output);
	close_if_open(c.in);
	return good;
}

/* How a command that is not running any more has ended. */
static enum command_end
child_end_kind(const struct child *c, int *status, struct failure *why)
{
	*status = WIFSIGNALED(c->status) ? WTERMSIG(c->status) :
	    WEXITSTATUS(c->status);
	if (child_was_not_started(c, why))
		return COMMAND_END_NOT_STARTED;
	return WIFSIGNALED(c->status) ? COMMAND_END_SIGNAL :
	    COMMAND_END_STATUS;
}

enum command_end
command_deliver(struct command_delivery *d, struct failure *why)
{
	struct child		c = { .in = d->input,
				    .arguments = d->arguments,
				    .environment = d->environment,
				    .timeout_ms = d->timeout_ms,
				    .caller = d->caller, .tied = true,
				    .ignored = true, .keep_end = true };
	struct buffer		output = { 0 };
	bool			ended = child_run(&c, d->command, &output, why);
	enum command_end	end;

	if (c.was_started && !ended)
		end = COMMAND_END_STOPPED;
	else if (!ended)
		end = COMMAND_END_NOT_STARTED;
	else
		end = child_end_kind(&c, &d->status, why);
	buffer_add(&d->errors, c.errors.data, c.errors.len);
	child_end(&c);
	buffer_free(&output);
	return end;
}

enum command_end
command_connect(struct command_connection *d, struct failure *why)
{
	struct child		c = { .in = d->fd, .is_connection = true,
				    .caller = d->caller, .tied = true,
				    .keep_end = true };
	enum command_end	end = COMMAND_END_NOT_STARTED;
	sigset_t		sigchld;
	bool			stopped;

	child_set_words(&c, d->command);
	sigemptyset(&sigchld);
	sigaddset(&sigchld, SIGCHLD);
	c.ended = signalfd(-1, &sigchld, SFD_CLOEXEC | SFD_NONBLOCK);
	if (child_start(&c, why)) {
		close(d->fd);
		child_wait_connection(&c, &stopped);
		end = child_end_kind(&c, &d->status, why);
		if (stopped && end != COMMAND_END_NOT_STARTED)
			end = COMMAND_END_STOPPED;
	} else {
		close(d->fd);
	}
	if (end == COMMAND_END_NOT_STARTED)
		failure_prefix(why, "%s: ", c.name);
	buffer_add(&d->errors, c.errors.data, c.errors.len);
	close_if_open(c.ended);
	child_end(&c);
	return end;
}
