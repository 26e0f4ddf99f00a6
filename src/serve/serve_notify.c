#include "serve/serve_notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The socket of the service manager, or -1. */
static int
connect_manager(const char *path)
{
	struct sockaddr_un	to = { .sun_family = AF_UNIX };
	size_t			len = path != NULL ? strlen(path) : 0;
	int			fd;

	if (len < 2 || len >= sizeof(to.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return -1;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';	/* the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd != -1 && connect(fd, (const struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void
serve_notify_open(struct serve_notify *n)
{
	const char	*usec = getenv("WATCHDOG_USEC");
	const char	*pid = getenv("WATCHDOG_PID"), *wrong;

	*n = (struct serve_notify){
		.fd = connect_manager(getenv("NOTIFY_SOCKET")),
	};
	if (usec != NULL && (pid == NULL || strtoimax(pid, NULL, 10) ==
	    getpid()))
		n->watchdog_ms = strtonum(usec, 0, INT64_MAX, &wrong) / 2000;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
serve_notify(const struct serve_notify *n, const char *fmt, ...)
{
	char	text[256];
	va_list	ap;

	if (n->fd == -1)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
serve_notify_reloading(const struct serve_notify *n)
{
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	serve_notify(n, "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void
serve_notify_close(struct serve_notify *n)
{
	if (n->fd != -1)
		close(n->fd);
	n->fd = -1;
}
