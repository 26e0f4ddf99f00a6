#include "support/event_log.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

enum { READ_SIZE = 256 * 1024 };

void
event_log_open(struct event_log *j)
{
	memset(j, 0, sizeof(*j));
	if ((j->fd = memfd_create("events", MFD_CLOEXEC)) == -1)
		err(1, "memfd_create");
	/* Each append is one event, whichever thread writes it. */
	if (fcntl(j->fd, F_SETFL, O_APPEND) == -1)
		err(1, "fcntl");
	if ((j->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		err(1, "eventfd");
}

void
event_log_close(struct event_log *j)
{
	close(j->fd);
	close(j->bell);
	buffer_free(&j->unread);
}

void
event_log_add(const struct event_log *j, const struct event *event,
    const void *bytes)
{
	/* Padded, so that events stay aligned in memory. */
	static const char	 zero[8];
	struct iovec		 iov[3];
	size_t			 pad = 8 - event->len % 8;
	ssize_t			 want;
	uint64_t		 one = 1;

	iov[0] = (struct iovec){ (void *)(uintptr_t)event, sizeof(*event) };
	iov[1] = (struct iovec){ (void *)(uintptr_t)bytes, event->len };
	iov[2] = (struct iovec){ (void *)(uintptr_t)zero, pad };
	want = (ssize_t)(sizeof(*event) + event->len + pad);
	if (writev(j->fd, iov, 3) != want)
		err(1, "events");
	if (write(j->bell, &one, sizeof(one)) == -1 && errno != EAGAIN)
		err(1, "bell");
}

/* Whether the unread octets begin with a complete event. */
static bool
whole(const struct event_log *j, struct event *event)
{
	size_t	left = j->unread.len - j->taken;

	if (left < sizeof(*event))
		return false;
	memcpy(event, j->unread.data + j->taken, sizeof(*event));
	return left - sizeof(*event) >= event->len + 8 - event->len % 8;
}

static bool
read_more(struct event_log *j)
{
	ssize_t	n;
	char	*room;

	if (j->taken > 0) {
		memmove(j->unread.data, j->unread.data + j->taken,
		    j->unread.len - j->taken);
		j->unread.len -= j->taken;
		j->taken = 0;
	}
	room = buffer_room(&j->unread, READ_SIZE);
	if ((n = pread(j->fd, room, READ_SIZE, (off_t)j->read_to)) == -1)
		err(1, "events");
	j->unread.len += (size_t)n;
	j->read_to += (uint64_t)n;
	return n > 0;
}

bool
event_log_next(struct event_log *j, struct event *event, const char **bytes)
{
	while (!whole(j, event))
		if (!read_more(j))
			return false;
	*bytes = j->unread.data + j->taken + sizeof(*event);
	j->taken += sizeof(*event) + event->len + 8 - event->len % 8;
	return true;
}

bool
event_log_wait(struct event_log *j, int ms)
{
	struct pollfd	pfd = { .fd = j->bell, .events = POLLIN };
	uint64_t	count;

	if (poll(&pfd, 1, ms) <= 0)
		return false;
	if (read(j->bell, &count, sizeof(count)) == -1 && errno != EAGAIN)
		err(1, "bell");
	return true;
}
