#include "util/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/memory.h"

enum { VALUE_MAX = 64 * 1024, LINKS_MAX = 40 };

/* The user who reads a file, looked up once: geteuid(2) is a system call. */
struct reader {
	uid_t		 uid;
	unsigned	 rules;
};

/* "root", or "uid 1000" if there is no such user. */
static const char *
user_name(uid_t uid, char *to, size_t size)
{
	const struct passwd	*pw = getpwuid(uid);

	if (pw != NULL)
		strlcpy(to, pw->pw_name, size);
	else
		snprintf(to, size, "uid %lu", (unsigned long)uid);
	return to;
}

static const char *
group_name(gid_t gid, char *to, size_t size)
{
	const struct group	*gr = getgrgid(gid);

	if (gr != NULL)
		strlcpy(to, gr->gr_name, size);
	else
		snprintf(to, size, "gid %lu", (unsigned long)gid);
	return to;
}

static bool
refuse_access(const char *path, uid_t uid, struct failure *why)
{
	const struct passwd	*pw = getpwuid(uid);
	char			 us[96], owner[64], group[64];
	struct stat		 st;

	if (pw != NULL)
		snprintf(us, sizeof(us), "%s (uid %lu)", pw->pw_name,
		    (unsigned long)uid);
	else
		user_name(uid, us, sizeof(us));
	if (stat(path, &st) == -1)
		return failed(why, EX_NOPERM, "%s: %s has no permission to "
		    "search its directory", path, us);
	return failed(why, EX_NOPERM, "%s: %s has no permission to read it "
	    "(mode %04o, owner %s:%s)", path, us,
	    (unsigned)(st.st_mode & 07777),
	    user_name(st.st_uid, owner, sizeof(owner)),
	    group_name(st.st_gid, group, sizeof(group)));
}

/*
 * True if the file belongs to the reader or to root.  The owner of the root
 * directory can replace any file, so that user is accepted as root: in a user
 * namespace, the files of root may belong to "nobody".
 */
static bool
has_good_owner(const struct stat *st, const struct reader *r)
{
	struct stat	top;

	return st->st_uid == r->uid || st->st_uid == 0 ||
	    (stat("/", &top) == 0 && top.st_uid == st->st_uid);
}

/* The permissions of the file that are not allowed. */
static mode_t
excess_permissions(const struct stat *st, const struct reader *r)
{
	mode_t	excess = S_IWOTH;

	/* In a sticky directory, users cannot replace each other's files. */
	if (S_ISLNK(st->st_mode) ||
	    (S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX))
		return 0;
	if (r->uid == 0)
		excess |= S_IWGRP;
	if (r->rules & TRUSTED_SECRET)
		excess |= S_IROTH;
	return st->st_mode & excess;
}

/*
 * A secret that all users can read, and whose permissions cannot be changed.
 * Containers mount secrets in this way.
 */
static bool
is_exposed(const struct stat *st, const struct statvfs *fs)
{
	return S_ISREG(st->st_mode) && (st->st_mode & 07777) == 0444 &&
	    st->st_uid == 0 && fs->f_flag & ST_RDONLY;
}

bool
trusted_is_exposed(const char *path)
{
	int		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK |
			    O_NOCTTY);
	struct stat	st;
	struct statvfs	fs;
	bool		exposed;

	if (fd == -1)
		return false;
	exposed = fstat(fd, &st) == 0 && fstatvfs(fd, &fs) == 0 &&
	    is_exposed(&st, &fs);
	close(fd);
	return exposed;
}

/*
 * False if another user can change the file, with the reason and the commands
 * that correct it: "owned by uid 1000, not by root, and writable by group
 * www-data (mode 0664); run: chown root FILE && chmod g-w FILE".
 */
static bool
is_protected(const char *path, const struct stat *st, const struct reader *r,
    struct failure *why)
{
	mode_t	bits = excess_permissions(st, r);
	bool	foreign = !has_good_owner(st, r);
	bool	group = bits & S_IWGRP;
	bool	others = bits & (S_IROTH | S_IWOTH);
	char	name[64];

	if (!foreign && bits == 0)
		return true;
	failed(why, EX_CONFIG, "%s: ", path);
	if (foreign) {
		failure_suffix(why, "owned by %s, not by root", user_name(
		    st->st_uid, name, sizeof(name)));
		if (r->uid != 0)
			failure_suffix(why, " or %s", user_name(r->uid, name,
			    sizeof(name)));
		failure_suffix(why, "%s", bits != 0 ? ", and " : "");
	}
	if (group)
		failure_suffix(why, "writable by group %s%s", group_name(
		    st->st_gid, name, sizeof(name)), others ? " and " : "");
	if (others)
		failure_suffix(why, "%s by other users", bits & S_IROTH ?
		    "readable" : "writable");
	if (bits != 0)
		failure_suffix(why, " (mode %04o)",
		    (unsigned)(st->st_mode & 07777));
	failure_suffix(why, "; run: ");
	if (foreign)
		failure_suffix(why, "chown %sroot %s%s",
		    S_ISLNK(st->st_mode) ? "-h " : "", path,
		    bits != 0 ? " && " : "");
	if (bits != 0)
		failure_suffix(why, "chmod %s%s%s %s", group ? "g-w" : "",
		    group && others ? "," : "", !others ? "" :
		    r->rules & TRUSTED_SECRET ? "o-rwx" : "o-w", path);
	return false;
}

static bool
is_regular(const char *path, const struct stat *st, struct failure *why)
{
	const char	*type;

	if (S_ISREG(st->st_mode))
		return true;
	if (S_ISDIR(st->st_mode))
		type = "directory";
	else if (S_ISFIFO(st->st_mode))
		type = "FIFO";
	else if (S_ISSOCK(st->st_mode))
		type = "socket";
	else
		type = "device";
	return failed(why, EX_CONFIG, "%s is a %s, not a regular file", path,
	    type);
}

/* The resolution of a path. */
struct walk {
	struct buffer	done;
	char		*left;		/* owned */
	unsigned	 links;		/* number of followed links */
};

/* Moves the next component to .done; returns its length, or 0 at the end. */
static size_t
walk_component(struct walk *w)
{
	char	*at = w->left + strspn(w->left, "/");
	size_t	 len = strcspn(at, "/");

	if (len == 0)
		return 0;
	if (w->done.len > 0 || at > w->left)
		buffer_add_byte(&w->done, '/');
	buffer_add(&w->done, at, len);
	memmove(w->left, at + len, strlen(at + len) + 1);
	return len;
}

/* Replaces the last component, a link, by its target; name is its length. */
static bool
walk_link(struct walk *w, size_t name, struct failure *why)
{
	char	 target[PATH_MAX + 1];
	ssize_t	 n = readlink(w->done.data, target, PATH_MAX);
	struct buffer	left = { 0 };

	if (n == -1)
		return failed_errno(why, EX_CONFIG, "%s", w->done.data);
	if (++w->links > LINKS_MAX)
		return failed(why, EX_CONFIG, "%s: too many symbolic links",
		    w->done.data);
	target[n] = '\0';
	buffer_add_text(&left, target);
	buffer_add_text(&left, w->left);
	free(w->left);
	w->left = buffer_take(&left);
	w->done.len = target[0] == '/' ? 0 : w->done.len - name;
	while (w->done.len > 1 && w->done.data[w->done.len - 1] == '/')
		w->done.len--;
	if (w->done.data != NULL)
		w->done.data[w->done.len] = '\0';
	return true;
}

/*
 * Checks the directories and links of a path.  The last component is checked
 * only if it is a link; trusted_read() checks the file.
 */
static bool
path_is_protected(const char *path, bool is_link, const struct reader *r,
    struct failure *why)
{
	struct walk		w = { .left = memory_copy(path) };
	const struct reader	directory = { .uid = r->uid };
	bool			good = true;
	struct stat		st;
	size_t			len;

	if (path[0] != '/')
		good = stat(".", &st) == 0 &&
		    is_protected(".", &st, &directory, why);
	while (good && (len = walk_component(&w)) > 0) {
		if (w.left[0] == '\0' && !is_link)
			break;
		if (fstatat(AT_FDCWD, w.done.data, &st,
		    AT_SYMLINK_NOFOLLOW) == -1)
			good = failed_errno(why, EX_CONFIG, "%s", w.done.data);
		else if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
			good = is_protected(w.done.data, &st, &directory, why);
		if (good && S_ISLNK(st.st_mode))
			good = walk_link(&w, len, why);
	}
	if (!good)
		failure_prefix(why, "%s: ", path);
	buffer_free(&w.done);
	free(w.left);
	return good;
}

/*
 * Reads at most limit octets, until there are enough or to the end of the file;
 * false with errno.
 */
static bool
read_up_to(struct buffer *text, int fd, size_t limit, size_t enough)
{
	char	*to = buffer_room(text, limit);

	for (;;) {
		ssize_t	n = read(fd, to + text->len, limit - text->len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		if (n == 0 || (text->len += (size_t)n) >= enough)
			break;
	}
	text->data[text->len] = '\0';
	return true;
}

static bool
read_content(struct buffer *text, int fd, const char *path, size_t limit,
    struct stat *st, struct failure *why)
{
	bool	sized = st->st_size > 0;
	size_t	expected;

	/* A file in /proc has size 0, but has content. */
	expected = sized ? (size_t)st->st_size : limit;
	buffer_clear(text);
	/* One octet more shows that the file has become longer. */
	if (expected <= limit && !read_up_to(text, fd, expected + 1,
	    expected + !sized))
		return failed_errno(why, EX_IOERR, "%s", path);
	if (expected > limit || text->len > limit)
		return failed(why, EX_CONFIG, "%s is larger than %zu KiB", path,
		    limit / 1024);
	if (text->len > expected)
		return failed(why, EX_CONFIG, "%s became longer while it was "
		    "read", path);
	return true;
}

enum trusted_answer
trusted_read(struct buffer *text, const char *path, size_t limit,
    unsigned rules, struct stat *st, struct failure *why)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	const int	flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int		fd = open(path, flags | O_NOFOLLOW);
	bool		is_link = fd == -1 && errno == ELOOP;
	struct reader	reader = { .uid = geteuid(), .rules = rules };
	struct statvfs	fs;
	bool		good, fixed = false;

	if (is_link)
		fd = open(path, flags);
	if (fd == -1 && errno == EACCES) {
		refuse_access(path, reader.uid, why);
		return TRUSTED_REFUSED;
	}
	if (fd == -1) {
		bool	missing = errno == ENOENT || errno == ENOTDIR;

		failed_errno(why, failure_may_pass(errno) ? EX_TEMPFAIL :
		    EX_CONFIG, "%s", path);
		/* ENXIO: a socket, or a device that does not exist. */
		if (!missing && stat(path, st) == 0)
			is_regular(path, st, why);
		return missing ? TRUSTED_MISSING : TRUSTED_REFUSED;
	}
	good = (fstat(fd, st) == 0 || failed_errno(why, EX_IOERR, "%s",
	    path)) && is_regular(path, st, why) &&
	    path_is_protected(path, is_link, &reader, why);
	if (good && rules & TRUSTED_SECRET && st->st_mode & S_IROTH &&
	    fstatvfs(fd, &fs) == 0)
		fixed = fs.f_flag & ST_RDONLY;
	if (fixed && is_exposed(st, &fs))
		reader.rules &= ~(unsigned)TRUSTED_SECRET;
	good = good && (is_protected(path, st, &reader, why) || (fixed &&
	    failure_suffix(why, ", or, if a container system provides the "
	    "file on this read-only mount, configure mode 0400"))) &&
	    read_content(text, fd, path, limit, st, why);
	close(fd);
	if (good)
		return TRUSTED_READ;
	buffer_wipe(text);
	return TRUSTED_REFUSED;
}

bool
trusted_directory(const char *path, struct failure *why)
{
	struct reader	reader = { .uid = geteuid() };

	return path_is_protected(path, true, &reader, why);
}

size_t
trusted_value_length(const char *text, size_t len)
{
	if (len == 0 || text[len - 1] != '\n')
		return len;
	return len > 1 && text[len - 2] == '\r' ? len - 2 : len - 1;
}

bool
trusted_value(struct buffer *value, const char *name, struct failure *why)
{
	size_t	len = trusted_value_length(value->data, value->len);

	if (len > 0 && memchr(value->data, '\0', len) == NULL) {
		value->data[len] = '\0';
		value->len = len;
		return true;
	}
	buffer_wipe(value);
	return failed(why, EX_CONFIG, len == 0 ? "%s is empty" :
	    "%s contains a NUL character", name);
}

bool
trusted_read_value(struct buffer *value, const char *path, unsigned rules,
    struct stat *st, struct failure *why)
{
	return trusted_read(value, path, VALUE_MAX, rules, st, why) ==
	    TRUSTED_READ && trusted_value(value, path, why);
}
