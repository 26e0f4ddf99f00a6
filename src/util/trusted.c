#include "util/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { VALUE_MAX = 64 * 1024 };

/* "root" or, where no such user is known, "uid 1000". */
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

/* "www-data (uid 33)", or as user_name(). */
static const char *
our_name(char *to, size_t size)
{
	const struct passwd	*pw = getpwuid(geteuid());

	if (pw == NULL)
		return user_name(geteuid(), to, size);
	snprintf(to, size, "%s (uid %lu)", pw->pw_name,
	    (unsigned long)geteuid());
	return to;
}

/* Says what an administrator would look up next: mode, owner, who we are. */
static void
refuse_access(const char *path, struct failure *why)
{
	char		owner[64];
	char		group[64];
	char		us[96];
	struct stat	st;

	our_name(us, sizeof(us));
	if (stat(path, &st) == -1)
		failed(why, EX_NOPERM, "%s: %s may not enter its folder",
		    path, us);
	else
		failed(why, EX_NOPERM, "%s: exists with mode %04o, owner "
		    "%s:%s, but %s may not read it", path,
		    (unsigned)(st.st_mode & 07777),
		    user_name(st.st_uid, owner, sizeof(owner)),
		    group_name(st.st_gid, group, sizeof(group)), us);
}

static bool
refuse_shared(const char *path, const struct stat *st,
    struct failure *why)
{
	return failed(why, EX_CONFIG, "%s: others can %s this secret "
	    "(mode %04o); run: chmod o-rwx %s", path,
	    st->st_mode & S_IROTH ? "read" : "write",
	    (unsigned)(st->st_mode & 07777), path);
}

static bool
may_be_trusted(const char *path, const struct stat *st, unsigned rules,
    struct failure *why)
{
	char	owner[64];

	if (S_ISDIR(st->st_mode))
		return failed(why, EX_CONFIG, "%s: is a folder, not a file",
		    path);
	if (!S_ISREG(st->st_mode))
		return failed(why, EX_CONFIG, "%s: is not a regular file",
		    path);
	if (rules & TRUSTED_SECRET && st->st_mode & (S_IROTH | S_IWOTH))
		return refuse_shared(path, st, why);
	if (st->st_mode & S_IWOTH)
		return failed(why, EX_CONFIG, "%s: everybody can write it "
		    "(mode %04o); run: chmod o-w %s", path,
		    (unsigned)(st->st_mode & 07777), path);
	if (rules & TRUSTED_OURS && st->st_uid != geteuid() && st->st_uid != 0)
		return failed(why, EX_CONFIG, "%s: belongs to %s, not to us",
		    path, user_name(st->st_uid, owner, sizeof(owner)));
	return true;
}

static bool
too_large(const char *path, size_t limit, struct failure *why)
{
	return failed(why, EX_CONFIG, "%s: larger than %zu KiB", path,
	    limit / 1024);
}

/* False, with errno, when reading failed; never more than limit octets. */
static bool
read_up_to(struct buffer *text, int fd, size_t limit)
{
	char	*to = buffer_room(text, limit);

	for (;;) {
		ssize_t	n = read(fd, to + text->len, limit - text->len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return false;
		if (n == 0 || (text->len += (size_t)n) == limit)
			break;
	}
	text->data[text->len] = '\0';
	return true;
}

static bool
read_open(struct buffer *text, int fd, const char *path, size_t limit,
    unsigned rules, struct stat *st, struct failure *why)
{
	size_t	expected;

	if (fstat(fd, st) == -1)
		return failed_errno(why, EX_IOERR, "%s", path);
	if (!may_be_trusted(path, st, rules, why))
		return false;
	if (st->st_size > (off_t)limit)
		return too_large(path, limit, why);
	/* A file that gives no size, as in /proc, may be read all the same. */
	expected = st->st_size > 0 ? (size_t)st->st_size : limit;
	buffer_clear(text);
	if (!read_up_to(text, fd, expected + 1))
		return failed_errno(why, EX_IOERR, "%s", path);
	if (text->len <= expected)
		return true;
	if (expected == limit)
		return too_large(path, limit, why);
	return failed(why, EX_CONFIG, "%s: grew while it was read", path);
}

enum trusted_answer
trusted_read(struct buffer *text, const char *path, size_t limit,
    unsigned rules, struct stat *st, struct failure *why)
{
	/* O_NONBLOCK: opening a FIFO would wait for its writer. */
	int	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool	good;

	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR)) {
		failed_errno(why, EX_CONFIG, "%s", path);
		return TRUSTED_MISSING;
	}
	if (fd == -1 && errno == EACCES) {
		refuse_access(path, why);
		return TRUSTED_REFUSED;
	}
	if (fd == -1) {
		failed_errno(why, EX_CONFIG, "%s", path);
		return TRUSTED_REFUSED;
	}
	good = read_open(text, fd, path, limit, rules, st, why);
	close(fd);
	if (good)
		return TRUSTED_READ;
	buffer_wipe(text);
	return TRUSTED_REFUSED;
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
	return failed(why, EX_CONFIG, len == 0 ? "%s: nothing is in it" :
	    "%s: a NUL character is in it", name);
}

bool
trusted_read_value(struct buffer *value, const char *path, unsigned rules,
    struct failure *why)
{
	struct stat	st;

	return trusted_read(value, path, VALUE_MAX, rules, &st, why) ==
	    TRUSTED_READ && trusted_value(value, path, why);
}
