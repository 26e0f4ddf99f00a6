#include "support/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "util/memory.h"

enum { DEADLINE_MS = 10000 };

static void
become_terminal(void *ctx)
{
	const struct terminal	*t = ctx;
	int			 fd;

	if (setsid() == -1 || (fd = open(t->slave, O_RDWR)) == -1 ||
	    ioctl(fd, TIOCSCTTY, 0) == -1)
		_exit(125);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
}

void
terminal_start(struct terminal *t, const struct program *program,
    unsigned columns)
{
	struct program	p = *program;

	*t = (struct terminal){ .master = posix_openpt(O_RDWR | O_NOCTTY |
	    O_CLOEXEC) };
	assert_int_not_equal(t->master, -1);
	assert_int_equal(grantpt(t->master) | unlockpt(t->master), 0);
	assert_int_equal(ptsname_r(t->master, t->slave, sizeof(t->slave)), 0);
	assert_int_equal(ioctl(t->master, TIOCSWINSZ, &(struct winsize){
	    .ws_col = (unsigned short)columns }), 0);
	p.prepare = become_terminal;
	p.ctx = t;
	t->running = program_start(&p);
}

/* Returns false at the end of the output, which is EIO on Linux. */
static bool
read_more(struct terminal *t)
{
	struct pollfd	fd = { .fd = t->master, .events = POLLIN };
	ssize_t		n;

	if (poll(&fd, 1, DEADLINE_MS) != 1)
		fail_msg("no more output after: %s", t->out.data);
	n = read(t->master, buffer_room(&t->out, 4096), 4096);
	if (n <= 0)
		return false;
	t->out.len += (size_t)n;
	t->out.data[t->out.len] = '\0';
	return true;
}

void
terminal_wait(struct terminal *t, const char *text)
{
	const char	*found;

	buffer_add_text(&t->out, "");
	while ((found = strstr(t->out.data, text)) == NULL)
		if (!read_more(t))
			fail_msg("no \"%s\" in: %s", text, t->out.data);
	found += strlen(text);
	t->out.len -= (size_t)(found - t->out.data);
	memmove(t->out.data, found, t->out.len + 1);
}

void
terminal_say(struct terminal *t, const char *question, const char *answer)
{
	terminal_wait(t, question);
	assert_int_equal(write(t->master, answer, strlen(answer)),
	    strlen(answer));
}

char *
terminal_hear(struct terminal *t, const char *text)
{
	const char	*end;

	terminal_wait(t, text);
	while ((end = strpbrk(t->out.data, "\r\n")) == NULL)
		if (!read_more(t))
			fail_msg("no end of the line: %s", t->out.data);
	return memory_copy_n(t->out.data, (size_t)(end - t->out.data));
}

void
terminal_read(struct terminal *t)
{
	buffer_add_text(&t->out, "");
	while (read_more(t))
		;
}

int
terminal_end(struct terminal *t)
{
	struct program_result	o;
	int			status;

	program_stop(t->running, 0, &o);
	status = o.status;
	program_result_free(&o);
	buffer_free(&t->out);
	close(t->master);
	return status;
}
