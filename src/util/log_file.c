#include "util/log_file.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/file.h"
#include "util/memory.h"

void
log_file_begin(struct log_file *f, const char *path)
{
	*f = (struct log_file){ .path = memory_copy(path), .fd = -1 };
}

/* A file that root creates belongs to the user of the directory. */
static void
set_owner(int fd, const char *path)
{
	char		*directory = file_directory(path);
	struct stat	 st;

	fchmod(fd, 0640);	/* whatever the umask is */
	if (geteuid() == 0 && stat(directory, &st) == 0 &&
	    fchown(fd, st.st_uid, st.st_gid) == -1)
		errno = 0;	/* root can still write the log */
	free(directory);
}

/* Another process may create or remove the file at the same time. */
static int
open_or_create(const char *path)
{
	const int	flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_NOCTTY |
			    O_NONBLOCK | O_CLOEXEC;
	int		fd = -1;

	for (int i = 0; i < 3; i++) {
		fd = open(path, flags);
		if (fd != -1 || errno != ENOENT)
			break;
		fd = open(path, flags | O_CREAT | O_EXCL, 0640);
		if (fd != -1)
			set_owner(fd, path);
		if (fd != -1 || errno != EEXIST)
			break;
	}
	return fd;
}

bool
log_file_is_current(const struct log_file *f)
{
	struct stat	st;

	return f->fd != -1 && stat(f->path, &st) == 0 &&
	    st.st_dev == f->device && st.st_ino == f->inode;
}

static bool
still_exists(int fd)
{
	struct stat	st;

	return fd != -1 && fstat(fd, &st) == 0 && st.st_nlink > 0;
}

bool
log_file_open(struct log_file *f, struct failure *why)
{
	struct stat	st;
	int		fd;

	if (log_file_is_current(f))
		return true;
	fd = open_or_create(f->path);
	if (fd == -1) {
		int	error = errno;

		if (still_exists(f->fd))
			return true;
		if (error == ELOOP)
			return failed(why, EX_CANTCREAT, "cannot write the log "
			    "to %s: it is a symbolic link", f->path);
		errno = error;
		return failed_errno(why, error == EACCES || error == EPERM ?
		    EX_NOPERM : EX_CANTCREAT, "cannot write the log to %s",
		    f->path);
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		close(fd);
		return failed(why, EX_CANTCREAT, "cannot write the log to %s: "
		    "it is not a regular file", f->path);
	}
	if (f->fd != -1)
		close(f->fd);
	f->fd = fd;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	f->torn = false;
	return true;
}

bool
log_file_write(struct log_file *f, const char *line, size_t len)
{
	ssize_t	n;

	if (f->torn && write(f->fd, "\n", 1) != 1)
		return false;
	n = write(f->fd, line, len);
	f->torn = n > 0 && (size_t)n < len;
	return n == (ssize_t)len;
}

void
log_file_end(struct log_file *f)
{
	if (f->fd != -1)
		close(f->fd);
	free(f->path);
	*f = (struct log_file){ .fd = -1 };
}
