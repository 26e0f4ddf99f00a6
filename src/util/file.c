#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "util/buffer.h"
#include "util/memory.h"

bool
file_write(int fd, const void *data, size_t len)
{
	const char	*from = data;

	while (len > 0) {
		ssize_t	n = write(fd, from, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		from += n;
		len -= (size_t)n;
	}
	return true;
}

/*
 * If poll(2) reports a pipe as writable, it has room for PIPE_BUF octets,
 * unless another process fills it first.  RWF_NOWAIT, if the kernel supports it
 * for this file, does not wait even then.
 */
static ssize_t
write_some_now(int fd, const char *from, size_t len)
{
	struct pollfd	p = { .fd = fd, .events = POLLOUT };
#ifdef RWF_NOWAIT
	struct iovec	piece = { (void *)(uintptr_t)from, len };
	ssize_t		n = pwritev2(fd, &piece, 1, -1, RWF_NOWAIT);

	if (n > 0)
		return n;
#endif
	if (poll(&p, 1, 0) != 1 || (p.revents & POLLOUT) == 0)
		return -1;
	return write(fd, from, len);
}

bool
file_write_now(int fd, const void *data, size_t len)
{
	const char	*from = data;

	while (len > 0) {
		ssize_t	n = write_some_now(fd, from, len < PIPE_BUF ? len :
			    PIPE_BUF);

		if (n <= 0)
			return false;
		from += n;
		len -= (size_t)n;
	}
	return true;
}

int
file_unnamed(const char *directory)
{
	char	path[4096];
	int	fd = -1;

#ifdef O_TMPFILE
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#endif
	if (fd != -1)
		return fd;
	/* Some file systems do not support O_TMPFILE. */
	if (snprintf(path, sizeof(path), "%s/relais.XXXXXXXXXX", directory) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		unlinkat(AT_FDCWD, path, 0);
	return fd;
}

bool
file_link(int fd, int directory, const char *name)
{
	char	path[64];
	int	result;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	do
		result = linkat(AT_FDCWD, path, directory, name,
		    AT_SYMLINK_FOLLOW);
	while (result != 0 && errno == EINTR);
	return result == 0;
}

int
file_in_memory(void)
{
	return memfd_create("relais", MFD_CLOEXEC);
}

int
file_nothing(void)
{
	int	fd = open("/dev/null", O_RDWR);

	return fd != -1 ? fd : open("/", O_RDONLY);
}

void
file_fill_descriptors(void)
{
	struct pollfd	fds[] = { { .fd = STDIN_FILENO },
			    { .fd = STDOUT_FILENO }, { .fd = STDERR_FILENO } };
	int		fd;

	if (poll(fds, 3, 0) != -1 && ((fds[0].revents | fds[1].revents |
	    fds[2].revents) & POLLNVAL) == 0)
		return;
	do
		fd = file_nothing();
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

char *
file_directory(const char *path)
{
	const char	*slash = strrchr(path, '/');

	return slash > path ? memory_copy_n(path, (size_t)(slash - path)) :
	    memory_copy("/");
}

char *
file_absolute(const char *path)
{
	char		*directory = path[0] == '/' ? NULL : getcwd(NULL, 0);
	struct buffer	 whole = { 0 };

	if (directory != NULL)
		buffer_addf(&whole, "%s/", directory);
	buffer_add_text(&whole, path);
	free(directory);
	return buffer_take(&whole);
}
