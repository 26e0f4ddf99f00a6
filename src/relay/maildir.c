#include "relay/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/files.h"
#include "util/file.h"

/* A failure that lasts until somebody corrects it. */
static bool
lasts(int error)
{
	return error == EACCES || error == EPERM || error == ENOENT ||
	    error == ENOTDIR || error == ELOOP || error == EEXIST ||
	    error == ENAMETOOLONG;
}

static bool
maildir_failed(struct failure *why, const char *what)
{
	return failed_errno(why, lasts(errno) ? EX_CONFIG : EX_TEMPFAIL, "%s",
	    what);
}

/*
 * Opens a directory, and creates it if it does not exist.  The symbolic links
 * of another user must not lead root out of the Maildir.
 */
static int
open_directory(int at, const char *name, int flags, bool *created)
{
	const int	how = O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags;
	int		fd = openat(at, name, how);

	if (fd != -1 || errno != ENOENT || mkdirat(at, name, 0700) == -1)
		return fd;
	*created = true;
	return openat(at, name, how);
}

/* Some file systems cannot sync a directory. */
static bool
sync_directory(int fd)
{
	return files_sync(fd) || errno == EINVAL || errno == EOPNOTSUPP;
}

static bool
sync_parent(const char *path)
{
	char	*parent = file_directory(path);
	int	 fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool	 good = fd != -1 && sync_directory(fd);

	if (fd != -1)
		close(fd);
	free(parent);
	return good;
}

/* Files that root creates belong to the owner of the Maildir. */
static bool
set_owner(const struct maildir *m, int fd)
{
	struct stat	st;

	return geteuid() != 0 || fstat(m->directory, &st) == -1 ||
	    st.st_uid == 0 || fchown(fd, st.st_uid, st.st_gid) == 0;
}

/* Opens a directory in the Maildir that this process can write to. */
static int
open_inside(struct maildir *m, const char *name, bool *created)
{
	bool	is_new = false;
	int	fd = open_directory(m->directory, name, O_NOFOLLOW, &is_new);

	*created |= is_new;
	if (fd == -1 || ((!is_new || set_owner(m, fd)) &&
	    faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0))
		return fd;
	close(fd);
	return -1;
}

bool
maildir_open(struct maildir *m, const char *path, struct failure *why)
{
	static const char *const	names[] = { "tmp", "new", "cur" };
	bool				created = false;
	int				fd[3] = { -1, -1, -1 };

	*m = (struct maildir){ .path = path, .tmp = -1, .new = -1, .fd = -1 };
	m->directory = open_directory(AT_FDCWD, path, 0, &created);
	if (m->directory == -1)
		return maildir_failed(why, errno == ENOENT ? "the parent "
		    "directory" : "cannot open or create the directory");
	if (created && !sync_parent(path))
		return maildir_failed(why, "cannot sync the parent directory");
	created = false;
	for (size_t i = 0; i < 3; i++) {
		fd[i] = open_inside(m, names[i], &created);
		/* Deliveries do not need cur. */
		if (i < 2 && fd[i] == -1)
			maildir_failed(why, names[i]);
	}
	m->tmp = fd[0];
	m->new = fd[1];
	if (fd[2] != -1)
		close(fd[2]);
	if (m->tmp == -1 || m->new == -1)
		return false;
	return !created || sync_directory(m->directory) ||
	    maildir_failed(why, "cannot sync the directory");
}

/*
 * A name that is unique on this host and in this Maildir: the time, what is
 * unique at this time, and the host.
 */
static void
make_name(struct maildir *m)
{
	struct timespec	now;
	char		host[256] = "localhost";
	char		shown[2 * sizeof(host)];
	size_t		n = 0;

	if (gethostname(host, sizeof(host)) == -1 || host[0] == '\0')
		strlcpy(host, "localhost", sizeof(host));
	host[sizeof(host) - 1] = '\0';
	for (const char *c = host; *c != '\0'; c++)
		if (*c == '/' || *c == ':')
			n += (size_t)snprintf(shown + n, sizeof(shown) - n,
			    "\\%03o", (unsigned char)*c);
		else
			shown[n++] = *c;
	shown[n] = '\0';
	clock_gettime(CLOCK_REALTIME, &now);
	snprintf(m->name, sizeof(m->name), "%lld.M%06ldP%ldQ%u.%.200s",
	    (long long)now.tv_sec, now.tv_nsec / 1000, (long)getpid(),
	    m->count++, shown);
}

bool
maildir_create(struct maildir *m, struct failure *why)
{
	enum { ATTEMPTS = 100 };

	for (int i = 0; i < ATTEMPTS && m->fd == -1; i++) {
		make_name(m);
		m->fd = openat(m->tmp, m->name, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW | O_CLOEXEC, 0600);
		if (m->fd == -1 && errno != EEXIST)
			break;
	}
	if (m->fd == -1) {
		m->name[0] = '\0';
		return maildir_failed(why, "tmp");
	}
	if (!set_owner(m, m->fd))
		return failed_errno(why, EX_TEMPFAIL, "cannot set the owner");
	if (fchmod(m->fd, 0600) == -1)	/* whatever the umask is */
		return failed_errno(why, EX_TEMPFAIL, "cannot set the mode");
	return true;
}

/* Removes the file, unless it was committed. */
static void
discard_file(struct maildir *m)
{
	if (m->fd != -1)
		close(m->fd);
	m->fd = -1;
	if (m->name[0] != '\0')
		unlinkat(m->tmp, m->name, 0);
	m->name[0] = '\0';
}

bool
maildir_commit(struct maildir *m, bool *in_doubt, struct failure *why)
{
	int	fd = m->fd;
	bool	good;

	*in_doubt = false;
	m->fd = -1;
	good = files_sync(fd);
	if (!good)
		failed_errno(why, EX_TEMPFAIL, "cannot write the file");
	if (close(fd) == -1 && good)
		good = failed_errno(why, EX_TEMPFAIL, "cannot write the file");
	if (good && !files_replace(m->tmp, m->name, m->new, m->name))
		good = failed_errno(why, EX_TEMPFAIL, "cannot move the file to "
		    "new");
	if (!good) {
		discard_file(m);
		return false;
	}
	if (sync_directory(m->new))
		return true;
	failed_errno(why, EX_TEMPFAIL, "cannot sync new");
	if (unlinkat(m->new, m->name, 0) == 0)
		return false;
	/* A reader of the Maildir has taken the message. */
	if (errno == ENOENT)
		return true;
	*in_doubt = true;
	return false;
}

void
maildir_close(struct maildir *m)
{
	if (m->fd != -1)
		discard_file(m);
	if (m->tmp != -1)
		close(m->tmp);
	if (m->new != -1)
		close(m->new);
	if (m->directory != -1)
		close(m->directory);
	m->tmp = m->new = m->directory = -1;
}
