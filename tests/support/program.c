#include "support/program.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "util/clock.h"
#include "util/memory.h"

enum { BLOCK = 65536, DEADLINE_MS = 20000 };

/* What is polled for, in this order. */
enum { INPUT, OUTPUT, ERRORS, END, N_FDS };

struct running {
	struct program	 program;	/* a shallow copy */
	char		 name[64];	/* argv[0] */
	pid_t		 pid;
	struct pollfd	 fd[N_FDS];
	char		*block;		/* input on its way */
	size_t		 at, len;
	uint64_t	 generated;
	struct buffer	 out, err;
	size_t		 heard;		/* position of the next line in out */
	char		 line[2048];
	bool		 ended;
};

static const char *const *
usual_environment(void)
{
	static char		 asan[1024], ubsan[1024];
	static const char	*env[] = { "PATH=/usr/bin:/bin:/usr/sbin:/sbin",
		"HOME=/nowhere", "LC_ALL=C", asan, ubsan, NULL };
	const char		*options;

	options = getenv("ASAN_OPTIONS");
	snprintf(asan, sizeof(asan), "ASAN_OPTIONS=%s",
	    options != NULL ? options : "");
	options = getenv("UBSAN_OPTIONS");
	snprintf(ubsan, sizeof(ubsan), "UBSAN_OPTIONS=%s",
	    options != NULL ? options : "print_stacktrace=1");
	return env;
}

_Noreturn static void
child(const struct program *p, const char *path, int in, int out, int errors)
{
	const char *const	*env = p->env != NULL ? p->env :
				    usual_environment();

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A shell ignores these signals for a job in the background. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1 || dup2(errors, 2) == -1)
		_exit(126);
	if (p->dir != NULL && chdir(p->dir) == -1)
		_exit(126);
	if (p->prepare != NULL)
		p->prepare(p->ctx);
	execve(path, (char *const *)(uintptr_t)p->argv,
	    (char *const *)(uintptr_t)env);
	dprintf(2, "%s: %s\n", path, strerror(errno));
	_exit(127);
}

static void
need(bool ok, const char *what)
{
	if (!ok)
		fail_msg("%s: %s", what, strerror(errno));
}

static void
need_pipe(int ends[2])
{
	need(pipe2(ends, O_CLOEXEC) == 0, "pipe");
}

/*
 * After fork(2), each page that the test or its child writes is copied, which
 * takes a sixth of the time of a test with many programs; vfork(2) copies none.
 */
struct running *
program_start(const struct program *p)
{
	struct running	*r = memory_new(1, sizeof(*r));
	char		 path[1024];
	int		 in[2] = { -1, -1 }, out[2], errors[2];

	r->program = *p;
	strlcpy(r->name, p->argv[0], sizeof(r->name));
	if (p->input != NULL && p->input_len == 0)
		r->program.input_len = strlen(p->input);
	r->block = memory_new(1, BLOCK);
	if (p->path != NULL || strcmp(p->argv[0], "relais") == 0)
		strlcpy(path, p->path != NULL ? p->path :
		    relais_program(p->argv), sizeof(path));
	else
		snprintf(path, sizeof(path), "%s/%s", BUILD, p->argv[0]);
	need_pipe(out);
	need_pipe(errors);
	if (p->input_file != NULL) {
		in[0] = open(p->input_file, O_RDONLY | O_CLOEXEC);
		need(in[0] != -1, p->input_file);
	} else
		need_pipe(in);
	fflush(NULL);
	r->pid = p->measured || p->prepare != NULL ? fork() : vfork();
	need(r->pid != -1, "fork");
	if (r->pid == 0)
		child(p, path, in[0], out[1], errors[1]);
	close(in[0]);
	close(out[1]);
	close(errors[1]);
	if (in[1] != -1)
		fcntl(in[1], F_SETFL, O_NONBLOCK);
	r->fd[INPUT] = (struct pollfd){ .fd = in[1], .events = POLLOUT };
	r->fd[OUTPUT] = (struct pollfd){ .fd = out[0], .events = POLLIN };
	r->fd[ERRORS] = (struct pollfd){ .fd = errors[0], .events = POLLIN };
	r->fd[END] = (struct pollfd){ .fd = pidfd_open(r->pid, 0),
		.events = POLLIN };
	need(r->fd[END].fd != -1, "pidfd_open");
	return r;
}

pid_t
program_pid(const struct running *r)
{
	return r->pid;
}

static void
shut(struct pollfd *fd)
{
	if (fd->fd >= 0)
		close(fd->fd);
	fd->fd = -1;
}

/* Gets more input; returns false at its end. */
static bool
next_input(struct running *r, const char **from, size_t *len)
{
	struct program	*p = &r->program;

	if (p->generate == NULL) {
		if (p->input == NULL || r->at == p->input_len)
			return false;
		*from = p->input + r->at;
		*len = p->input_len - r->at;
		return true;
	}
	if (r->at == r->len) {
		r->at = 0;
		r->len = p->generate(p->ctx, r->generated, r->block, BLOCK);
		r->generated += r->len;
	}
	*from = r->block + r->at;
	*len = r->len - r->at;
	return *len > 0;
}

/* EPIPE is not an error: a program need not read its input. */
static void
feed(struct running *r)
{
	struct pollfd	*fd = &r->fd[INPUT];
	const char	*from;
	size_t		 len;
	ssize_t		 n;

	if (!next_input(r, &from, &len)) {
		if (r->program.keep_open)
			fd->events = 0;
		else
			shut(fd);
		return;
	}
	n = write(fd->fd, from, len);
	if (n > 0)
		r->at += (size_t)n;
	else if (n == -1 && errno != EAGAIN && errno != EINTR)
		shut(fd);
}

static void
gather(struct pollfd *fd, struct buffer *to)
{
	ssize_t	n = read(fd->fd, buffer_room(to, BLOCK), BLOCK);

	if (n > 0)
		to->len += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		shut(fd);
}

/* Reads the rest of the output after the program has ended. */
static void
gather_rest(struct pollfd *fd, struct buffer *to)
{
	if (fd->fd == -1)
		return;
	fcntl(fd->fd, F_SETFL, O_NONBLOCK);
	for (size_t before = to->len + 1; fd->fd != -1 && before != to->len;) {
		before = to->len;
		gather(fd, to);
	}
}

/* Waits for one event; returns false at the deadline. */
static bool
step(struct running *r, int64_t end)
{
	int64_t			 left = end - clock_ms();
	struct sigaction	 ignore = { .sa_handler = SIG_IGN }, before;

	if (left <= 0 || poll(r->fd, N_FDS, (int)left) <= 0)
		return false;
	sigaction(SIGPIPE, &ignore, &before);
	if (r->fd[INPUT].revents != 0)
		(r->fd[INPUT].revents & POLLOUT) != 0 ? feed(r) :
		    shut(&r->fd[INPUT]);
	sigaction(SIGPIPE, &before, NULL);
	if (r->fd[OUTPUT].revents != 0)
		gather(&r->fd[OUTPUT], &r->out);
	if (r->fd[ERRORS].revents != 0)
		gather(&r->fd[ERRORS], &r->err);
	if (r->fd[END].revents != 0) {
		gather_rest(&r->fd[OUTPUT], &r->out);
		gather_rest(&r->fd[ERRORS], &r->err);
		r->ended = true;
	}
	return true;
}

static int64_t
deadline(const struct running *r)
{
	int	ms = r->program.deadline_ms;

	return clock_ms() + (ms > 0 ? ms : DEADLINE_MS);
}

static double
seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

static void
reap(struct running *r, struct program_result *o)
{
	struct rusage	usage;
	int		status;

	if (wait4(r->pid, &status, 0, &usage) != r->pid)
		fail_msg("wait4: %s", strerror(errno));
	memset(o, 0, sizeof(*o));
	o->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	o->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	/* After vfork(2), it includes the memory of the test. */
	o->max_rss_kb = r->program.measured ? usage.ru_maxrss : 0;
	o->user_s = seconds(usage.ru_utime);
	o->system_s = seconds(usage.ru_stime);
	buffer_add(&r->out, "", 0);
	buffer_add(&r->err, "", 0);
	o->out = r->out;
	o->err = r->err;
	for (size_t i = 0; i < N_FDS; i++)
		shut(&r->fd[i]);
	free(r->block);
	free(r);
}

static void
too_late(struct running *r, const char *what)
{
	struct program_result	 o;
	char			 name[sizeof(r->name)];

	strlcpy(name, r->name, sizeof(name));
	kill(r->pid, SIGKILL);
	reap(r, &o);
	print_error("%s: killed: %s\nstdout: %s\nstderr: %s\n", name, what,
	    o.out.data, o.err.data);
	program_result_free(&o);
	fail_msg("%s: the deadline has passed", name);
}

static bool
contains(const struct buffer *b, const char *text)
{
	return b->data != NULL && memmem(b->data, b->len, text,
	    strlen(text)) != NULL;
}

static bool
await_output(struct running *r, const char *text, int64_t end)
{
	while (!contains(&r->out, text) && !contains(&r->err, text))
		if (r->ended || !step(r, end))
			return false;
	return true;
}

void
program_wait_output(struct running *r, const char *text)
{
	if (await_output(r, text, deadline(r)))
		return;
	print_error("missing in the output: %s\n", text);
	too_late(r, "waited for its output");
}

bool
program_awaits_output(struct running *r, const char *text, int ms)
{
	return await_output(r, text, clock_ms() + ms);
}

void
program_say(struct running *r, const char *text)
{
	size_t	len = strlen(text);

	if (write(r->fd[INPUT].fd, text, len) != (ssize_t)len)
		too_late(r, "it took no more input");
}

const char *
program_hear(struct running *r)
{
	int64_t		 end = deadline(r);
	const char	*lf;
	size_t		 len;

	while (r->out.data == NULL || (lf = memchr(r->out.data + r->heard,
	    '\n', r->out.len - r->heard)) == NULL)
		if (r->ended || !step(r, end)) {
			too_late(r, "waited for a line of its output");
			return "";
		}
	len = (size_t)(lf - r->out.data) - r->heard;
	snprintf(r->line, sizeof(r->line), "%.*s", (int)len,
	    r->out.data + r->heard);
	r->line[strcspn(r->line, "\r")] = '\0';
	r->heard += len + 1;
	return r->line;
}

void
program_end_input(struct running *r)
{
	shut(&r->fd[INPUT]);
}

void
program_stop(struct running *r, int sig, struct program_result *o)
{
	int64_t	end = deadline(r);

	if (sig != 0)
		kill(r->pid, sig);
	while (!r->ended)
		if (!step(r, end)) {
			too_late(r, "it had not ended at its deadline");
			return;
		}
	reap(r, o);
}

void
program_run(struct program_result *o, const struct program *p)
{
	program_stop(program_start(p), 0, o);
}

void
program_result_free(struct program_result *o)
{
	buffer_free(&o->out);
	buffer_free(&o->err);
}

const char *
relais_program(const char *const *arguments)
{
	while (*arguments != NULL)
		if (command_find(*arguments++) != NULL)
			return BUILD "/relais";
	return SENDMAIL;
}

void
relais_run(struct program_result *o, const char *conf,
    const char *const *arguments, const char *input)
{
	const char	*argv[64] = { "relais", "-C", conf };
	size_t		 n = 3;

	while (n < 63 && *arguments != NULL)
		argv[n++] = *arguments++;
	program_run(o, &(struct program){ .argv = argv, .input = input });
}
