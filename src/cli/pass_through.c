#include "cli/pass_through.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * poll(2) reports that a pipe can be written if it has room for that many
 * octets (PIPE_BUF); a longer write to a blocking one could wait.
 */
enum { PIECE = 4096 };

/* Octets on their way in one direction. */
struct direction {
	int	 from;
	int	 to;
	char	 data[16 * PIECE];
	size_t	 start;
	size_t	 end;
	bool	 ended;		/* .from is at its end */
};

static bool
is_empty(const struct direction *d)
{
	return d->start == d->end;
}

static bool
is_transient(void)
{
	return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

/*
 * A reset is an end, too: the server has closed the connection without reading
 * the rest of the input.  The replies say why.
 */
static bool
read_some(struct direction *d)
{
	ssize_t	n = read(d->from, d->data, sizeof(d->data));

	if (n == -1 && errno == ECONNRESET)
		n = 0;
	if (n == -1)
		return is_transient();
	d->start = 0;
	d->end = (size_t)n;
	d->ended = n == 0;
	return true;
}

/* Both return false with errno after an error. */
static bool
write_some(struct direction *d)
{
	size_t	len = d->end - d->start;
	ssize_t	n = write(d->to, d->data + d->start, len < PIECE ? len :
		    PIECE);

	if (n == -1)
		return is_transient();
	d->start += (size_t)n;
	return true;
}

bool
pass_through(int in, int out, int server, struct failure *why)
{
	struct direction	up = { .from = in, .to = server };
	struct direction	down = { .from = server, .to = out };
	bool			shut = false;

	while (!down.ended || !is_empty(&down)) {
		/* Each direction reads if it is empty, else it writes. */
		struct pollfd	p[4] = {
			{ .fd = is_empty(&up) && !up.ended ? in : -1,
			    .events = POLLIN },
			{ .fd = is_empty(&up) ? -1 : server,
			    .events = POLLOUT },
			{ .fd = is_empty(&down) ? server : -1,
			    .events = POLLIN },
			{ .fd = is_empty(&down) ? -1 : out,
			    .events = POLLOUT },
		};

		if (poll(p, 4, -1) == -1) {
			if (errno == EINTR)
				continue;
			return failed_errno(why, EX_OSERR, "poll");
		}
		/* A client whose input fails has sent all that it will send. */
		if (p[0].revents != 0 && !read_some(&up))
			up.ended = true;
		/* The server closes the connection: it may have said why. */
		if (p[1].revents != 0 && !write_some(&up)) {
			up.ended = true;
			up.start = up.end;
		}
		if (p[2].revents != 0 && !read_some(&down))
			return failed_errno(why, EX_TEMPFAIL, "lost connection "
			    "to the relais service");
		if (p[3].revents != 0 && !write_some(&down))
			return failed_errno(why, EX_IOERR, "lost connection "
			    "to the SMTP client on standard output");
		if (up.ended && is_empty(&up) && !shut) {
			shutdown(server, SHUT_WR);
			shut = true;
		}
	}
	return true;
}
