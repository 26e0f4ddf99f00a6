#include "cli/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "mail/dots.h"
#include "mime/binary.h"
#include "util/clock.h"
#include "util/memory.h"

enum {
	BLOCK = 64 * 1024,
	DRAIN_OCTETS = 256 * 1024 * 1024,
	DRAIN_MS = 10 * 1000,
	DRAIN_IDLE_MS = 2 * 1000,	/* the caller is probably waiting for
					 * us to exit */
};

/*
 * Waits for input even if O_NONBLOCK is set, as ssh(1) leaves it: otherwise the
 * message would be truncated.
 */
static ssize_t
read_blocking(int fd, char *to, size_t room)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	ssize_t		n;

	while ((n = read(fd, to, room)) == -1) {
		if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (poll(&p, 1, -1) == -1 && errno != EINTR)
				break;
		} else if (errno != EINTR) {
			break;
		}
	}
	return n;
}

bool
input_read(int fd, struct message *m, bool dots, bool *dot_ended,
    struct failure *why)
{
	/* On the stack, stack-clash protection would touch each of its pages. */
	char		*out = memory_resize(NULL, DOTS_HELD_BACK + BLOCK, 1);
	char		*in = out + DOTS_HELD_BACK;
	struct dots	state = { DOTS_LINE_START };
	bool		good = true;
	ssize_t		n;

	while (good && state.state != DOTS_ENDED &&
	    (n = read_blocking(fd, in, BLOCK)) != 0) {
		if (n == -1) {
			free(out);
			return failed_errno(why, EX_NOINPUT,
			    "cannot read the message from standard input");
		}
		good = dots ? message_feed(m, out, dots_decode(&state, in,
		    (size_t)n, out), why) : message_feed(m, in, (size_t)n, why);
	}
	free(out);
	*dot_ended = state.state == DOTS_ENDED;
	if (!good)
		input_drain(fd);
	return good && binary_encode(m, why) && message_end(m, why);
}

void
input_drain(int fd)
{
	int64_t		until = clock_ms() + DRAIN_MS;
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	char		block[BLOCK];
	size_t		left = DRAIN_OCTETS;
	ssize_t		n;

	if (isatty(fd))
		return;
	while (left > 0) {
		int64_t	wait = until - clock_ms();

		if (wait > DRAIN_IDLE_MS)
			wait = DRAIN_IDLE_MS;
		if (wait <= 0 || poll(&p, 1, (int)wait) <= 0)
			return;
		n = read(fd, block, sizeof(block));
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		left -= (size_t)n < left ? (size_t)n : left;
	}
}
