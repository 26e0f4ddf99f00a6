#include "queue/files.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "util/failure.h"

int
files_status(int error)
{
	if (failure_may_pass(error))
		return EX_TEMPFAIL;
	switch (error) {
	case EACCES:
	case EPERM:
	case EROFS:
	case EFBIG:
	case ENOENT:
	case ENOTDIR:
	case ELOOP:
	case EEXIST:
	case ENAMETOOLONG:
		return EX_CANTCREAT;
	default:
		return EX_IOERR;
	}
}

int
files_open(int dir, const char *name, int flags)
{
	int	fd;

	do
		fd = openat(dir, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	while (fd < 0 && errno == EINTR);
	return fd;
}

bool
files_stat_regular(int fd, struct stat *st)
{
	if (fstat(fd, st) != 0)
		return false;
	if (S_ISREG(st->st_mode) && st->st_nlink == 1)
		return true;
	errno = EPERM;
	return false;
}

bool
files_pwrite(int fd, const char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t	n = pwrite(fd, data, len, at);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			data += n;
			len -= (size_t)n;
			at += n;
		}
	}
	return true;
}

bool
files_pread(int fd, char *data, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t	n = pread(fd, data, len, at);

		if (n < 0 && errno != EINTR)
			return false;
		if (n == 0) {
			errno = 0;
			return false;
		}
		if (n > 0) {
			data += n;
			len -= (size_t)n;
			at += n;
		}
	}
	return true;
}

bool
files_sync(int fd)
{
	int	result;

	do
		result = fsync(fd);
	while (result < 0 && errno == EINTR);
	return result == 0;
}

bool
files_sync_data(int fd)
{
	int	result;

	do
		result = fdatasync(fd);
	while (result < 0 && errno == EINTR);
	return result == 0;
}

bool
files_lock(int fd, bool wait)
{
	struct flock	lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int		result;

	do
		result = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK,
		    &lock);
	while (result < 0 && errno == EINTR);
	/* POSIX allows both values. */
	if (result < 0 && errno == EACCES)
		errno = EAGAIN;
	return result == 0;
}

bool
files_is_locked(int fd)
{
	struct flock	lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool
files_set_time(int fd, int64_t modified)
{
	struct timespec	times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)modified },
	};
	int		result;

	do
		result = futimens(fd, times);
	while (result < 0 && errno == EINTR);
	return result == 0;
}

/* Does not change errno. */
static bool
has_moved(int from, const char *name, int to, const char *new_name)
{
	struct stat	st;
	int		error = errno;
	bool		moved;

	moved = fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT &&
	    fstatat(to, new_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	errno = error;
	return moved;
}

bool
files_replace(int from, const char *name, int to, const char *new_name)
{
	int	result;

	do
		result = renameat(from, name, to, new_name);
	while (result < 0 && errno == EINTR);
	return result == 0 || has_moved(from, name, to, new_name);
}

bool
files_move(int from, const char *name, int to, const char *new_name)
{
	struct stat	st;
	int		result;

#ifdef RENAME_NOREPLACE
	do
		result = renameat2(from, name, to, new_name, RENAME_NOREPLACE);
	while (result < 0 && errno == EINTR);
	if (result == 0 || has_moved(from, name, to, new_name))
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
#endif
	/*
	 * Some file systems do not support RENAME_NOREPLACE.  There it is
	 * enough to test for the name: only this program creates files, and
	 * their names are random.
	 */
	result = fstatat(to, new_name, &st, AT_SYMLINK_NOFOLLOW);
	if (result == 0)
		errno = EEXIST;
	return result != 0 && errno == ENOENT &&
	    files_replace(from, name, to, new_name);
}
