#include "util/trusted.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/memory.h"

enum { VALUE_MAX = 64 * 1024, LINKS_MAX = 40 };

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

/*
 * Whoever owns the root directory may replace everything.  That is root,
 * except in a user name space where root's files seem to be nobody's.
 */
static bool
is_as_root(uid_t uid)
{
	struct stat	root;

	return uid == 0 || (stat("/", &root) == 0 && root.st_uid == uid);
}

static bool
is_owned_well(const struct stat *st)
{
	return st->st_uid == geteuid() || is_as_root(st->st_uid);
}

/* The permissions that others must not have: root's files, no group either. */
static mode_t
excess(const struct stat *st, unsigned rules)
{
	mode_t	excess = S_IWOTH | (geteuid() == 0 ? S_IWGRP : 0);

	/* In a sticky directory, nobody replaces the files of others. */
	if (S_ISLNK(st->st_mode) ||
	    (S_ISDIR(st->st_mode) && st->st_mode & S_ISVTX))
		return 0;
	if (rules & TRUSTED_SECRET)
		excess |= S_IROTH;
	return st->st_mode & excess;
}

/* "group www-data can write it (mode 0664)" */
static void
add_excess(const struct stat *st, mode_t excess, struct failure *why)
{
	char	group[64];

	if (excess & S_IWGRP)
		failure_suffix(why, "group %s can write it", group_name(
		    st->st_gid, group, sizeof(group)));
	if (excess & (S_IROTH | S_IWOTH))
		failure_suffix(why, "%sothers can %s it", excess & S_IWGRP ?
		    " and " : "", excess & S_IROTH ? "read" : "write");
	failure_suffix(why, " (mode %04o)", (unsigned)(st->st_mode & 07777));
}

/* Says who can change it, and how to put an end to that. */
static bool
refuse_foreign(const char *path, const struct stat *st, unsigned rules,
    struct failure *why)
{
	mode_t	bits = excess(st, rules);
	bool	foreign = !is_owned_well(st);
	bool	group = bits & S_IWGRP;
	bool	others = bits & (S_IROTH | S_IWOTH);
	char	owner[64], us[64];

	failed(why, EX_CONFIG, "%s: ", path);
	if (foreign)
		failure_suffix(why, "belongs to %s, not to %s%s", user_name(
		    st->st_uid, owner, sizeof(owner)), geteuid() == 0 ? "" :
		    "root or ", user_name(geteuid(), us, sizeof(us)));
	if (foreign && bits != 0)
		failure_suffix(why, ", and ");
	if (bits != 0)
		add_excess(st, bits, why);
	failure_suffix(why, "; run: ");
	if (foreign)
		failure_suffix(why, "chown %sroot %s%s",
		    S_ISLNK(st->st_mode) ? "-h " : "", path, bits != 0 ?
		    " && " : "");
	if (bits != 0)
		failure_suffix(why, "chmod %s%s%s %s", group ? "g-w" : "",
		    group && others ? "," : "", !others ? "" :
		    rules & TRUSTED_SECRET ? "o-rwx" : "o-w", path);
	return false;
}

static bool
is_ours_alone(const char *path, const struct stat *st, unsigned rules,
    struct failure *why)
{
	return (is_owned_well(st) && excess(st, rules) == 0) ||
	    refuse_foreign(path, st, rules, why);
}

static bool
may_be_trusted(const char *path, const struct stat *st, unsigned rules,
    struct failure *why)
{
	if (S_ISDIR(st->st_mode))
		return failed(why, EX_CONFIG, "%s: is a directory, not a file",
		    path);
	if (!S_ISREG(st->st_mode))
		return failed(why, EX_CONFIG, "%s: is not a regular file",
		    path);
	return is_ours_alone(path, st, rules, why);
}

/* ------------------------------------------------- the way to the file */

/* A path that is being followed: what is behind us, what lies ahead. */
struct way {
	struct buffer	gone;
	char		*ahead;		/* owned */
	unsigned	 links;
};

/* One more component; its length in .gone, 0 at the end of the way. */
static size_t
step(struct way *w)
{
	char	*at = w->ahead + strspn(w->ahead, "/");
	size_t	 len = strcspn(at, "/");

	if (len == 0)
		return 0;
	if (w->gone.len > 0 || at > w->ahead)
		buffer_add_byte(&w->gone, '/');
	buffer_add(&w->gone, at, len);
	memmove(w->ahead, at + len, strlen(at + len) + 1);
	return len;
}

/* Goes on where the link leads to, in place of its name of that length. */
static bool
follow(struct way *w, size_t name, struct failure *why)
{
	char	 target[PATH_MAX + 1];
	ssize_t	 n = readlink(w->gone.data, target, PATH_MAX);
	struct buffer	ahead = { 0 };

	if (n == -1)
		return failed_errno(why, EX_CONFIG, "%s", w->gone.data);
	if (++w->links > LINKS_MAX)
		return failed(why, EX_CONFIG, "%s: too many links",
		    w->gone.data);
	target[n] = '\0';
	buffer_add_text(&ahead, target);
	buffer_add_text(&ahead, w->ahead);
	free(w->ahead);
	w->ahead = buffer_take(&ahead);
	w->gone.len = target[0] == '/' ? 0 : w->gone.len - name;
	while (w->gone.len > 1 && w->gone.data[w->gone.len - 1] == '/')
		w->gone.len--;
	if (w->gone.data != NULL)
		w->gone.data[w->gone.len] = '\0';
	return true;
}

/*
 * Whoever can replace a directory or a link on the way to a file can put
 * another file in its place.  The last component is looked at only if it is a
 * link: the file itself has been opened and judged.
 */
static bool
way_is_trusted(const char *path, bool is_link, struct failure *why)
{
	struct way	w = { .ahead = memory_copy(path) };
	bool		good = true;
	struct stat	st;
	size_t		len;

	if (path[0] != '/')
		good = stat(".", &st) == 0 && is_ours_alone(".", &st, 0, why);
	while (good && (len = step(&w)) > 0) {
		if (w.ahead[0] == '\0' && !is_link)
			break;
		if (lstat(w.gone.data, &st) == -1)
			good = failed_errno(why, EX_CONFIG, "%s", w.gone.data);
		else if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
			good = is_ours_alone(w.gone.data, &st, 0, why);
		if (good && S_ISLNK(st.st_mode))
			good = follow(&w, len, why);
	}
	if (!good)
		failure_prefix(why, "%s: ", path);
	buffer_free(&w.gone);
	free(w.ahead);
	return good;
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
	int	flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	int	fd = open(path, flags | O_NOFOLLOW);
	bool	is_link = fd == -1 && errno == ELOOP;
	bool	good;

	if (is_link)
		fd = open(path, flags);
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
	good = way_is_trusted(path, is_link, why) &&
	    read_open(text, fd, path, limit, rules, st, why);
	close(fd);
	if (good)
		return TRUSTED_READ;
	buffer_wipe(text);
	return TRUSTED_REFUSED;
}

bool
trusted_directory(const char *path, struct failure *why)
{
	return way_is_trusted(path, true, why);
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
