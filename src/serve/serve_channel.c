#include "serve/serve_channel.h"

#include <sys/socket.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Room for the descriptors of a message, aligned as CMSG_FIRSTHDR requires. */
union descriptors {
	struct cmsghdr	header;
	char		room[CMSG_SPACE(SERVE_CHANNEL_FDS * sizeof(int))];
};

bool
serve_channel_open(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    ends) == 0;
}

bool
serve_channel_send(int channel, const void *data, size_t len,
    const int fds[SERVE_CHANNEL_FDS])
{
	struct iovec		 text = { .iov_base = (void *)data,
				    .iov_len = len };
	struct msghdr		 message = { .msg_iov = &text,
				    .msg_iovlen = 1 };
	union descriptors	 passed = { .room = { 0 } };
	size_t			 size;
	ssize_t			 n;

	if (fds != NULL) {
		size = (fds[1] == -1 ? 1 : SERVE_CHANNEL_FDS) * sizeof(int);
		message.msg_control = passed.room;
		message.msg_controllen = CMSG_SPACE(size);
		passed.header.cmsg_level = SOL_SOCKET;
		passed.header.cmsg_type = SCM_RIGHTS;
		passed.header.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&passed.header), fds, size);
	}
	do
		n = sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return n == (ssize_t)len;
}

/* A channel carries no more than SERVE_CHANNEL_FDS descriptors at a time. */
static void
take_descriptors(struct msghdr *message, int fds[SERVE_CHANNEL_FDS])
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL;
	    c = CMSG_NXTHDR(message, c))
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_RIGHTS)
			memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
}

ssize_t
serve_channel_receive(int channel, void *data, size_t size,
    int fds[SERVE_CHANNEL_FDS])
{
	struct iovec		text = { .iov_base = data, .iov_len = size };
	struct msghdr		message = { .msg_iov = &text,
				    .msg_iovlen = 1 };
	union descriptors	passed;
	ssize_t			n;

	for (int i = 0; fds != NULL && i < SERVE_CHANNEL_FDS; i++)
		fds[i] = -1;
	if (fds != NULL) {
		message.msg_control = passed.room;
		message.msg_controllen = sizeof(passed.room);
	}
	do
		n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n >= 0 && fds != NULL)
		take_descriptors(&message, fds);
	return n;
}
