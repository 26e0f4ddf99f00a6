#include "support/mock_socks.h"

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/file.h"

enum { RECORD_MAX = 4096 };

/* Shared with the process of the proxy. */
struct mock_socks_private {
	pid_t		pid;		/* set by the test only */
	atomic_size_t	len;
	unsigned char	record[RECORD_MAX];
};

static void
receive(struct mock_socks_private *own, int fd, unsigned char *to, size_t len)
{
	size_t	at;

	if (recv(fd, to, len, MSG_WAITALL) != (ssize_t)len)
		_exit(0);
	at = atomic_fetch_add(&own->len, len);
	if (at + len <= RECORD_MAX)
		memcpy(own->record + at, to, len);
}

static void
say(const struct socks_script *script, int fd, const void *data, size_t len)
{
	const char	*from = data;

	for (size_t i = 0; script->dripping && i + 1 < len; i++, from++) {
		if (!file_write(fd, from, 1))
			_exit(0);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	if (!file_write(fd, from, script->dripping && len > 0 ? 1 : len))
		_exit(0);
}

/* Sends the reply of the script, or the correct one. */
static void
reply(const struct socks_script *script, int fd, enum socks_round round,
    const char *correct, size_t len)
{
	const struct socks_step	*step = &script->step[round];
	char			 octet;

	if (step->say != NULL)
		say(script, fd, step->say, step->len);
	else if (step->then == SOCKS_GO_ON)
		say(script, fd, correct, len);
	if (step->then == SOCKS_HANG)
		while (recv(fd, &octet, 1, 0) > 0)
			continue;
	if (step->then != SOCKS_GO_ON)
		_exit(0);
}

static void
copy_both_ways(int a, int b)
{
	struct pollfd	p[2] = { { .fd = a, .events = POLLIN },
			    { .fd = b, .events = POLLIN } };
	char		data[4096];

	while (poll(p, 2, -1) > 0)
		for (int i = 0; i < 2; i++) {
			ssize_t	n;

			if (p[i].revents == 0)
				continue;
			n = recv(p[i].fd, data, sizeof(data), 0);
			if (n <= 0 || !file_write(p[1 - i].fd, data, (size_t)n))
				_exit(0);
		}
	_exit(0);
}

static int
connect_host(uint16_t port)
{
	struct sockaddr_in	to = { .sin_family = AF_INET,
				    .sin_port = htons(port) };
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd == -1 || connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		err(1, "mock_socks: connect");
	return fd;
}

static void
serve(const struct socks_script *script, struct mock_socks_private *own,
    int fd)
{
	static const char	greeting[] = "220 host\r\n";
	unsigned char		in[UINT8_MAX + 2];
	char			connected[10 + sizeof(greeting)] = "\5\0\0\1";
	size_t			n = 10, address;
	char			method = script->user != NULL ? 2 : 0;

	receive(own, fd, in, 2);
	n = in[1];
	receive(own, fd, in, n);
	if (memchr(in, method, n) == NULL)
		method = (char)0xff;
	reply(script, fd, SOCKS_METHODS, (char[]){ 5, method }, 2);
	if (method == 2) {
		unsigned char	user[UINT8_MAX], password[UINT8_MAX];
		size_t		user_len, password_len;
		bool		good;

		receive(own, fd, in, 2);
		user_len = in[1];
		receive(own, fd, user, user_len);
		receive(own, fd, in, 1);
		password_len = in[0];
		receive(own, fd, password, password_len);
		good = user_len == strlen(script->user) &&
		    memcmp(user, script->user, user_len) == 0 &&
		    password_len == strlen(script->password) &&
		    memcmp(password, script->password, password_len) == 0;
		reply(script, fd, SOCKS_LOGIN, (char[]){ 1, !good }, 2);
	}
	receive(own, fd, in, 4);
	address = in[3] == 1 ? 4 : 16;
	if (in[3] == 3) {
		receive(own, fd, in, 1);
		address = in[0];
	}
	receive(own, fd, in, address + 2);
	n = 10;
	if (script->early && script->host_port == 0) {
		memcpy(connected + n, greeting, sizeof(greeting) - 1);
		n += sizeof(greeting) - 1;
	}
	reply(script, fd, SOCKS_CONNECT, connected, n);
	if (script->host_port != 0)
		copy_both_ways(fd, connect_host(script->host_port));
	if (!script->early)
		say(script, fd, greeting, sizeof(greeting) - 1);
	while (recv(fd, in, sizeof(in), 0) > 0)
		continue;
	_exit(0);
}

static void
accept_clients(const struct socks_script *script,
    struct mock_socks_private *own, int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int	fd = accept(listener, NULL, NULL);

		if (fd == -1)
			continue;
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(listener);
			serve(script, own, fd);
		}
		close(fd);
	}
}

struct mock_socks *
mock_socks_start(const struct socks_script *script)
{
	struct mock_socks	*m = calloc(1, sizeof(*m));
	union {
		struct sockaddr		any;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	}			 at = { .any = { .sa_family = AF_INET } };
	socklen_t		 len = sizeof(at);
	int			 fd;
	pid_t			 pid;

	at.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (script->address != NULL && strchr(script->address, ':') != NULL) {
		memset(&at, 0, sizeof(at));
		at.in6.sin6_family = AF_INET6;
		at.in6.sin6_addr = in6addr_loopback;
	}
	fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (m == NULL || fd == -1 || bind(fd, &at.any, at.any.sa_family ==
	    AF_INET ? sizeof(at.in) : sizeof(at.in6)) == -1 ||
	    listen(fd, 16) == -1 || getsockname(fd, &at.any, &len) == -1)
		err(1, "mock_socks");
	m->port = ntohs(at.any.sa_family == AF_INET ? at.in.sin_port :
	    at.in6.sin6_port);
	m->own = mmap(NULL, sizeof(*m->own), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (m->own == MAP_FAILED || (pid = fork()) == -1)
		err(1, "mock_socks");
	if (pid == 0)
		accept_clients(script, m->own, fd);
	m->own->pid = pid;
	close(fd);
	return m;
}

void
mock_socks_requests(struct mock_socks *m, struct buffer *to)
{
	size_t	len = atomic_load(&m->own->len);

	buffer_clear(to);
	buffer_add(to, m->own->record, len < RECORD_MAX ? len : RECORD_MAX);
}

void
mock_socks_stop(struct mock_socks *m)
{
	if (m == NULL)
		return;
	kill(m->own->pid, SIGKILL);
	waitpid(m->own->pid, NULL, 0);
	munmap(m->own, sizeof(*m->own));
	free(m);
}
