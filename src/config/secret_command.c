#include "config/secret_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/memory.h"
#include "util/visible.h"

#define SEARCH_PATH \
	"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { OUTPUT_MAX = 64 * 1024, COMPLAINT_MAX = 1024, TICK_MS = 5 };

struct words {
	char	 *text;		/* owned; NULs where the blanks were */
	char	**word;		/* owned; NULL at the end; points into it */
};

struct helper {
	pid_t		 pid;
	int		 out;
	int		 err;
	int64_t		 deadline;
	int		 caller;
	struct buffer	 complaint;	/* the start of standard error */
	int		 status;	/* of waitpid */
};

static void
words_split(struct words *w, const char *text)
{
	size_t	n = 0;
	size_t	cap = 0;
	char	*rest;

	w->text = rest = memory_copy(text);
	w->word = NULL;
	for (char *word; (word = strsep(&rest, " \t")) != NULL; ) {
		if (*word == '\0')
			continue;
		w->word = memory_room(w->word, n, &cap, sizeof(*w->word));
		w->word[n++] = word;
	}
	w->word = memory_room(w->word, n, &cap, sizeof(*w->word));
	w->word[n] = NULL;
}

static void
words_free(struct words *w)
{
	free(w->word);
	free(w->text);
}

/* The program's path: as it is, or in the first folder that has it. */
static bool
find_program(struct buffer *path, const char *name)
{
	const char	*folder = SEARCH_PATH;

	if (name[0] == '/') {
		buffer_add_text(path, name);
		return access(name, X_OK) == 0;
	}
	while (*folder != '\0') {
		size_t	len = strcspn(folder, ":");

		buffer_clear(path);
		buffer_add(path, folder, len);
		buffer_addf(path, "/%s", name);
		if (access(path->data, X_OK) == 0)
			return true;
		folder += len + (folder[len] == ':' ? 1 : 0);
	}
	errno = ENOENT;
	return false;
}

/* In the child; we have no threads, so all calls are safe after fork. */
static void
become(const char *path, char *const *argv, char *const *environment, int out,
    int err)
{
	struct sigaction	usual = { .sa_handler = SIG_DFL };
	sigset_t		none;
	int			null = open("/dev/null", O_RDONLY);

	/* Whoever started us may have had any of them ignored or blocked. */
	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &usual, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1 || dup2(err, STDERR_FILENO) == -1)
		_exit(EX_OSERR);
	closefrom(STDERR_FILENO + 1);
	execve(path, argv, environment);
	dprintf(STDERR_FILENO, "%s", strerror(errno));
	_exit(EX_OSERR);
}

static pid_t
start(const char *path, char *const *argv, int out, int err)
{
	struct buffer	home = { 0 };
	char		search[] = "PATH=" SEARCH_PATH;
	char		language[] = "LANG=C";
	char		*environment[] = { search, language, NULL, NULL };
	const char	*folder = getenv("HOME");
	pid_t		pid;

	if (folder != NULL) {
		buffer_addf(&home, "HOME=%s", folder);
		environment[2] = home.data;
	}
	pid = fork();
	if (pid == 0)
		become(path, argv, environment, out, err);
	if (pid > 0)
		setpgid(pid, pid);	/* whoever of us comes first */
	buffer_free(&home);
	return pid;
}

static void
close_all(int *fd, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fd[i] != -1)
			close(fd[i]);
	}
}

/*
 * A pipe whose both ends are above standard error, so that dup2() in the
 * child can't overwrite one of them: our caller may have started us with
 * these three closed.
 */
static bool
high_pipe(int fd[2])
{
	int	low[2];

	fd[0] = fd[1] = -1;
	if (pipe2(low, O_CLOEXEC) == -1)
		return false;
	fd[0] = fcntl(low[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	fd[1] = fcntl(low[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close_all(low, 2);
	return fd[0] != -1 && fd[1] != -1;
}

static bool
launch(struct helper *h, char *const *argv, struct failure *why)
{
	struct buffer	path = { 0 };
	int		out[2] = { -1, -1 };
	int		err[2] = { -1, -1 };
	bool		good = false;

	if (!find_program(&path, argv[0]))
		failed_errno(why, EX_CONFIG, "%s", argv[0]);
	else if (!high_pipe(out) || !high_pipe(err) ||
	    fcntl(out[0], F_SETFL, O_NONBLOCK) == -1 ||
	    fcntl(err[0], F_SETFL, O_NONBLOCK) == -1 ||
	    (h->pid = start(path.data, argv, out[1], err[1])) == -1)
		failed_errno(why, EX_OSERR, "%s", argv[0]);
	else
		good = true;
	close_all(out + 1, 1);
	close_all(err + 1, 1);
	if (!good) {
		close_all(out, 1);
		close_all(err, 1);
	}
	h->out = out[0];
	h->err = err[0];
	buffer_free(&path);
	return good;
}

/* Takes what is there; *fd becomes -1 at its end.  False: over the limit. */
static bool
drain(int *fd, struct buffer *to, size_t limit)
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
	if (*fd != -1)
		close(*fd);
	*fd = -1;
	return true;
}

/*
 * Waits for the helper itself, not for the end of its output: a daemon that
 * it leaves behind (an agent for keys, say) may hold the pipe for ever.
 */
static bool
listen_to(struct helper *h, struct buffer *output, const char *name,
    struct failure *why)
{
	bool	over = false;

	while (!over) {
		struct pollfd	fds[] = {
			{ .fd = h->out, .events = POLLIN },
			{ .fd = h->err, .events = POLLIN },
			{ .fd = h->caller },
		};

		poll(fds, 3, TICK_MS);
		over = waitpid(h->pid, &h->status, WNOHANG) == h->pid;
		if (over)
			h->pid = 0;
		if (!drain(&h->out, output, OUTPUT_MAX))
			return failed(why, EX_CONFIG, "%s: printed more than "
			    "%d KiB", name, OUTPUT_MAX / 1024);
		/* What does not fit of the complaints is let go. */
		drain(&h->err, &h->complaint, COMPLAINT_MAX);
		if (!over && clock_ms() > h->deadline)
			return failed(why, EX_TEMPFAIL, "%s: took too long and "
			    "was stopped", name);
		if (!over && (fds[2].revents & POLLHUP) != 0)
			return failed(why, EX_TEMPFAIL, "%s: stopped, since "
			    "nobody waits for it any more", name);
	}
	return true;
}

static bool
judge(const struct helper *h, const char *name, struct failure *why)
{
	char	shown[256];

	if (WIFEXITED(h->status) && WEXITSTATUS(h->status) == 0)
		return true;
	if (WIFEXITED(h->status))
		failed(why, WEXITSTATUS(h->status) == EX_TEMPFAIL ?
		    EX_TEMPFAIL : EX_CONFIG, "%s: ended with status %d", name,
		    WEXITSTATUS(h->status));
	else
		failed(why, EX_CONFIG, "%s: ended by signal %d", name,
		    WTERMSIG(h->status));
	if (h->complaint.len > 0)
		failure_suffix(why, ": %s", visible(shown, sizeof(shown),
		    h->complaint.data, strcspn(h->complaint.data, "\r\n")));
	return false;
}

static void
dismiss(struct helper *h)
{
	close_all((int[]){ h->out, h->err }, 2);
	if (h->pid > 0) {
		kill(-h->pid, SIGKILL);
		while (waitpid(h->pid, &h->status, 0) == -1 && errno == EINTR)
			continue;
	}
	buffer_wipe(&h->complaint);
}

static bool
run(struct buffer *output, char *const *argv, int64_t timeout_ms,
    int caller, struct failure *why)
{
	struct helper	h = { .deadline = clock_ms() + timeout_ms,
			    .caller = caller };
	bool		good;

	if (!launch(&h, argv, why))
		return false;
	good = listen_to(&h, output, argv[0], why) && judge(&h, argv[0], why);
	dismiss(&h);
	if (!good)
		buffer_wipe(output);
	return good;
}

bool
command_output(struct buffer *output, const char *text, int64_t timeout_ms,
    int caller, struct failure *why)
{
	struct sigaction	usual = { .sa_handler = SIG_DFL };
	struct sigaction	before;
	struct words		words;
	bool			good;

	words_split(&words, text);
	/* Where SIGCHLD is ignored, which is inherited, no status is kept. */
	sigaction(SIGCHLD, &usual, &before);
	good = run(output, words.word, timeout_ms, caller, why);
	sigaction(SIGCHLD, &before, NULL);
	words_free(&words);
	return good;
}
