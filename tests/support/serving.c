#include "support/serving.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/conf.h"
#include "util/clock.h"

enum { DEADLINE_MS = 20 * 1000, LOOK_AGAIN_MS = 5 };

void
serving_configure(struct serving *s, const char *more)
{
	char	lines[1000];

	snprintf(lines, sizeof(lines), "socket = %s\nqueue = %s\n"
	    "log = stderr\n%s", s->socket, s->spool, more);
	strlcpy(s->conf, conf_write(&s->dir, s->host, "smtp", lines),
	    sizeof(s->conf));
}

void
serving_open(struct serving *s, const struct script *script,
    const char *more)
{
	temp_dir_make(&s->dir);
	s->host = mock_smtp_start(script);
	s->running = NULL;
	snprintf(s->socket, sizeof(s->socket), "%s/run/submission",
	    s->dir.path);
	snprintf(s->spool, sizeof(s->spool), "%s/spool", s->dir.path);
	serving_configure(s, more);
}

static struct running *
start(struct serving *s, const struct program *how)
{
	const char *const	*usual = WORDS("relais", "-C", s->conf,
				    "serve");
	struct program		 p = { 0 };

	if (how != NULL)
		p = *how;
	if (p.argv == NULL)
		p.argv = usual;
	return program_start(&p);
}

void
serving_make_dead_socket(const struct serving *s)
{
	struct sockaddr_un	to = { .sun_family = AF_UNIX };
	char			run[100];
	int			fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(run, sizeof(run), "%s/run", s->dir.path);
	assert_int_equal(mkdir(run, 0755), 0);
	strlcpy(to.sun_path, s->socket, sizeof(to.sun_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(chmod(s->socket, 0666), 0);
	close(fd);
}

void
serving_start(struct serving *s, const struct program *how)
{
	s->running = start(s, how);
	program_wait_output(s->running, "accepts mail on");
}

void
serving_fail(struct serving *s, const struct program *how,
    struct program_result *o)
{
	program_stop(start(s, how), 0, o);
}

void
serving_stop(struct serving *s, struct program_result *result)
{
	struct program_result	o;

	program_stop(s->running, SIGTERM, &o);
	s->running = NULL;
	if (o.status != 0)
		fail_msg("status %d, signal %d: %s", o.status, o.signal,
		    o.err.data);
	if (result != NULL)
		*result = o;
	else
		program_result_free(&o);
}

void
serving_close(struct serving *s)
{
	if (s->running != NULL)
		serving_stop(s, NULL);
	mock_smtp_stop(s->host);
	temp_dir_remove(&s->dir);
}

int
serving_connect(const struct serving *s)
{
	const struct timeval	deadline = { DEADLINE_MS / 1000, 0 };
	struct sockaddr_un	to = { .sun_family = AF_UNIX };
	int			fd = socket(AF_UNIX,
				    SOCK_STREAM | SOCK_CLOEXEC, 0);

	strlcpy(to.sun_path, s->socket, sizeof(to.sun_path));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

char *
serving_says(const struct serving *s, const char *lines)
{
	struct buffer	replies = { 0 };
	char		block[4096];
	ssize_t		n;
	int		fd = serving_connect(s);

	assert_int_equal(write(fd, lines, strlen(lines)),
	    (ssize_t)strlen(lines));
	while ((n = read(fd, block, sizeof(block))) > 0)
		buffer_add(&replies, block, (size_t)n);
	close(fd);
	return buffer_take(&replies);
}

void
serving_expect(const struct serving *s,
    const char *lines, const char *reply)
{
	char	*replies = serving_says(s, lines);

	if (strstr(replies, reply) == NULL)
		fail_msg("not in the replies: %s\n%s", reply, replies);
	free(replies);
}

size_t
serving_children(pid_t parent, pid_t *children, size_t max)
{
	long	 pid;
	char	 path[80];
	size_t	 n = 0;
	FILE	*f;

	snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children",
	    (long)parent, (long)parent);
	f = fopen(path, "re");
	if (f == NULL && kill(parent, 0) == -1)
		return 0;
	if (f == NULL)
		fail_msg("%s: the kernel does not tell the children", path);
	while (n < max && fscanf(f, "%ld", &pid) == 1)
		children[n++] = (pid_t)pid;
	fclose(f);
	return n;
}

void
serving_wait_children(pid_t parent, size_t n)
{
	const struct timespec	pause = { 0, LOOK_AGAIN_MS * 1000000 };
	int64_t			end = clock_ms() + DEADLINE_MS;
	pid_t			children[1000];

	while (serving_children(parent, children, 1000) > n) {
		if (clock_ms() > end)
			fail_msg("there are still more than %zu processes", n);
		nanosleep(&pause, NULL);
	}
}
