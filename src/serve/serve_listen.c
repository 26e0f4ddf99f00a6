#include "serve/serve_listen.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/memory.h"

enum {
	FIRST_PASSED = 3,	/* sd_listen_fds(3) */
	BACKLOG = 512,
	GREETING_MS = 5000,	/* of a service that is running already */
};

union any_address {
	struct sockaddr		any;
	struct sockaddr_un	local;
	struct sockaddr_in	v4;
	struct sockaddr_in6	v6;
};

static bool
is_loopback(const union any_address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
	if (IN6_IS_ADDR_V4MAPPED(&a->v6.sin6_addr))
		return a->v6.sin6_addr.s6_addr[12] == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

/* Whether one of the sockets is a Unix socket. */
static bool
has_unix(const struct serve_listen *l)
{
	for (size_t i = 0; i < l->n; i++) {
		union any_address	a = { .any.sa_family = AF_UNSPEC };
		socklen_t		size = sizeof(a);

		if (getsockname(l->fd[i], &a.any, &size) == 0 &&
		    a.any.sa_family == AF_UNIX)
			return true;
	}
	return false;
}

static bool
check_passed(int fd, struct failure *why)
{
	union any_address	a = { .any.sa_family = AF_UNSPEC };
	socklen_t		size = sizeof(a);
	int			type = 0, listens = 0;
	socklen_t		int_size = sizeof(int);

	if (getsockname(fd, &a.any, &size) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_size) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens,
	    &int_size) == -1)
		return failed_errno(why, EX_CONFIG, "descriptor %d, passed by "
		    "the service manager, cannot be used", fd);
	if (type != SOCK_STREAM || !listens)
		return failed(why, EX_CONFIG, "descriptor %d, passed by the "
		    "service manager, is not a listening stream socket", fd);
	if (a.any.sa_family == AF_UNIX)
		return true;
	if (a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6)
		return failed(why, EX_CONFIG, "descriptor %d, passed by the "
		    "service manager, is neither a Unix nor a TCP socket", fd);
	return is_loopback(&a) || failed(why, EX_CONFIG, "descriptor %d, "
	    "passed by the service manager, listens on an address that other "
	    "machines can reach; only 127.0.0.1 and ::1 are allowed, because "
	    "the service does not authenticate its clients", fd);
}

/* A number in the environment; 0 if it is not set. */
static long
number_of(const char *name)
{
	const char	*text = getenv(name);

	return text != NULL ? (long)strtoimax(text, NULL, 10) : 0;
}

bool
serve_listen_inherit(struct serve_listen *l, struct failure *why)
{
	long	n = number_of("LISTEN_FDS");
	bool	ours = number_of("LISTEN_PID") == (long)getpid();

	*l = (struct serve_listen){ 0 };
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDNAMES");
	if (!ours)
		return true;
	if (n > SERVE_LISTEN_MAX)
		return failed(why, EX_CONFIG, "the service manager passes %ld "
		    "sockets; at most %d are allowed", n, SERVE_LISTEN_MAX);
	for (int fd = FIRST_PASSED; fd < FIRST_PASSED + n; fd++) {
		int	flags = fcntl(fd, F_GETFL);

		if (!check_passed(fd, why))
			return false;
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
		l->fd[l->n++] = fd;
	}
	return true;
}

/*
 * Whether a process accepts connections there.  If a service is killed while it
 * starts a process, that process still holds the socket for a moment: the
 * connection ends without a greeting.
 */
static bool
is_served(const struct sockaddr_un *at)
{
	struct pollfd	p = { .events = POLLIN };
	int		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
			    SOCK_NONBLOCK, 0);
	bool		served = false;
	char		octet;

	p.fd = fd;
	if (fd != -1 && connect(fd, (const struct sockaddr *)at,
	    sizeof(*at)) == 0)
		served = poll(&p, 1, GREETING_MS) <= 0 ||
		    recv(fd, &octet, 1, 0) == 1;
	else if (fd != -1)
		served = errno == EAGAIN;
	if (fd != -1)
		close(fd);
	return served;
}

bool
serve_listen_create(struct serve_listen *l, const char *path,
    struct failure *why)
{
	struct sockaddr_un	 at = { .sun_family = AF_UNIX };
	struct stat		 st;
	mode_t			 mask;
	bool			 access_denied;
	int			 fd, result;

	if (has_unix(l) || l->n == SERVE_LISTEN_MAX)
		return true;
	if (strlcpy(at.sun_path, path, sizeof(at.sun_path)) >=
	    sizeof(at.sun_path))
		return failed(why, EX_CONFIG, "%s: the path of a socket has "
		    "at most %zu characters", path, sizeof(at.sun_path) - 1);
	if (is_served(&at))
		return failed(why, EX_TEMPFAIL, "%s: another process listens "
		    "on this socket; is the service running already?", path);
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return failed_errno(why, EX_OSERR, "cannot create a socket");
	mask = umask(0111);
	result = bind(fd, (const struct sockaddr *)&at, sizeof(at));
	access_denied = result == -1 && errno == EACCES;
	umask(mask);
	if (result == -1 || listen(fd, BACKLOG) == -1) {
		failed_errno(why, EX_CANTCREAT, "%s: cannot create the socket "
		    "of the service", path);
		if (access_denied)
			failure_suffix(why, "; its directory must belong to "
			    "the user of the service (uid %lu)",
			    (unsigned long)geteuid());
		close(fd);
		return false;
	}
	l->fd[l->n++] = fd;
	l->path = memory_copy(path);
	if (lstat(path, &st) == 0)
		l->inode = st.st_ino;
	return true;
}

void
serve_listen_leave(struct serve_listen *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->fd[i]);
	free(l->path);
	*l = (struct serve_listen){ 0 };
}

void
serve_listen_close(struct serve_listen *l)
{
	struct stat	st;

	/* Another service may have replaced it. */
	if (l->path != NULL && lstat(l->path, &st) == 0 &&
	    st.st_ino == l->inode)
		unlink(l->path);
	serve_listen_leave(l);
}
