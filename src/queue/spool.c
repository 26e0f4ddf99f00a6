#include "queue/spool.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/files.h"
#include "queue/id.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"

enum {
	A_DAY = 24 * 60 * 60,
	LOCK_TRIES = 50,
	LOCK_WAIT_MS = 20,
};

const char *
spool_dir_name(enum spool_dir dir)
{
	switch (dir) {
	case SPOOL_QUEUE:
		return "queue";
	case SPOOL_FAILED:
		return "failed";
	case SPOOL_TMP:
	case SPOOL_DIRS:
		break;
	}
	return "tmp";
}

static char *
join_path(const char *directory, const char *name)
{
	struct buffer	b = { 0 };

	buffer_addf(&b, "%s/%s", directory, name);
	return buffer_take(&b);
}

bool
spool_own(const struct spool *spool, int fd)
{
	return geteuid() != 0 || spool->owner == 0 ||
	    fchown(fd, spool->owner, spool->group) == 0;
}

bool
spool_lock(const struct spool *spool, int fd)
{
	bool	good = files_lock(fd, false);

	if (!good && errno == EAGAIN && geteuid() == spool->owner)
		return files_lock(fd, true);
	for (int i = 0; !good && errno == EAGAIN && i < LOCK_TRIES; i++) {
		poll(NULL, 0, LOCK_WAIT_MS);
		good = files_lock(fd, false);
	}
	return good;
}

/* Other users must not be able to create or replace files. */
static bool
check_dir(const struct spool *spool, const char *path,
    const struct stat *st, struct failure *why)
{
	unsigned long	uid = spool->owner;

	if (st->st_uid != spool->owner)
		return failed(why, EX_CANTCREAT, "it belongs to uid %lu, but "
		    "the queue directory belongs to uid %lu; run: chown %lu %s",
		    (unsigned long)st->st_uid, uid, uid, path);
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return failed(why, EX_CANTCREAT, "it is writable by other "
		    "users; run: chmod 700 %s", path);
	return true;
}

static bool
open_top(struct spool *spool, const struct spool_options *options,
    struct failure *why)
{
	const char	*path = spool->directory;
	struct stat	 st;

	if (options->create && mkdirat(AT_FDCWD, path, 0700) != 0 &&
	    errno != EEXIST)
		return failed_errno(why, files_status(errno),
		    "it cannot be created");
	/* A symbolic link is allowed: the administrator may need one. */
	spool->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->fd < 0)
		return failed(why, errno == ENOENT ? EX_OSFILE :
		    files_status(errno), "%s", strerror(errno));
	if (fstat(spool->fd, &st) != 0)
		return failed(why, EX_IOERR, "%s", strerror(errno));
	spool->owner = st.st_uid;
	spool->group = st.st_gid;
	if (geteuid() != 0 && geteuid() != spool->owner)
		return failed(why, EX_CANTCREAT,
		    "it belongs to uid %lu, and only that user and root can "
		    "use it; this process has uid %lu",
		    (unsigned long)spool->owner, (unsigned long)geteuid());
	return check_dir(spool, path, &st, why);
}

/* Sets *made if the spool directory must be flushed. */
static bool
open_dir(struct spool *spool, enum spool_dir dir, bool create,
    bool *made, struct failure *why)
{
	const char	*name = spool_dir_name(dir);
	char		*path = join_path(spool->directory, name);
	bool		 good = false, is_new = false;
	struct stat	 st;
	int		 fd;

	fd = files_open(spool->fd, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0 && errno == ENOENT && create) {
		is_new = mkdirat(spool->fd, name, 0700) == 0;
		if (is_new || errno == EEXIST)
			fd = files_open(spool->fd, name,
			    O_RDONLY | O_DIRECTORY);
	}
	spool->dir[dir] = fd;
	if (fd < 0)
		failed(why, errno == ENOENT && !create ? EX_OSFILE :
		    files_status(errno), "%s", strerror(errno));
	else if ((is_new && !spool_own(spool, fd)) || fstat(fd, &st) != 0)
		failed(why, files_status(errno), "%s", strerror(errno));
	else
		good = check_dir(spool, path, &st, why);
	if (!good)
		failure_prefix(why, "its subdirectory %s: ", name);
	*made |= is_new;
	free(path);
	return good;
}

bool
spool_open(struct spool *spool, const char *directory,
    const struct spool_options *options, struct failure *why)
{
	bool	good, made = false;

	*spool = (struct spool){ .fd = -1, .dir = { -1, -1, -1 },
	    .directory = memory_copy(directory),
	    .spill = join_path(directory, "tmp"),
	    .size_max = options->size_max };
	good = open_top(spool, options, why);
	for (int i = 0; good && i < SPOOL_DIRS; i++)
		good = open_dir(spool, (enum spool_dir)i,
		    options->create, &made, why);
	if (good && made && !files_sync(spool->fd))
		good = failed(why, files_status(errno), "%s",
		    strerror(errno));
	if (!good)
		spool_close(spool);
	return good;
}

/* Whether mkdir(2) can create it.  The name may end with slashes. */
static bool
can_be_created(const char *directory, struct failure *why)
{
	char		*path = memory_copy(directory), *parent;
	struct stat	 st;
	bool		 good = false;

	for (size_t n = strlen(path); n > 1 && path[n - 1] == '/'; n--)
		path[n - 1] = '\0';
	parent = file_directory(path);
	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
		failed(why, EX_CANTCREAT, "it is a symbolic link to a "
		    "directory that does not exist");
	else if (stat(parent, &st) != 0)
		failed(why, EX_CANTCREAT, "it cannot be created: %s: %s",
		    parent, strerror(errno));
	else
		good = true;
	free(path);
	free(parent);
	return good;
}

bool
spool_is_partial(const char *directory, struct failure *why)
{
	const char	*missing = NULL;
	int		 n = 0;
	struct stat	 st;

	for (int i = 0; i < SPOOL_DIRS; i++) {
		const char	*name = spool_dir_name((enum spool_dir)i);
		char		*path = join_path(directory, name);

		if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			n++;
		else
			missing = name;
		free(path);
	}
	if (n == 0 || missing == NULL)
		return false;
	/* serve/ opens the spool only once. */
	failed(why, EX_CANTCREAT, "its subdirectory %s is missing: it is "
	    "created when the service starts, or when a message is queued "
	    "without the service", missing);
	return true;
}

bool
spool_is_new(const char *directory, struct failure *why)
{
	struct stat	st;

	if (stat(directory, &st) != 0)
		return can_be_created(directory, why);
	return !spool_is_partial(directory, why);
}

/* A transcript, "." or "..": not an entry. */
static bool
is_hidden(const char *name)
{
	return name[0] == '.';
}

/* Calls each() for every name.  why may be NULL. */
static bool
for_each(struct spool *spool, enum spool_dir dir,
    void (*each)(void *context, int at, const char *name), void *context,
    struct failure *why)
{
	struct failure	 ignored;
	struct dirent	*d;
	DIR		*open_dir;
	int		 fd;

	/* Another open file description, because readdir(3) moves it. */
	fd = files_open(spool->dir[dir], ".", O_RDONLY | O_DIRECTORY);
	open_dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (open_dir == NULL) {
		failed_errno(why != NULL ? why : &ignored,
		    files_status(errno), "%s/%s", spool->directory,
		    spool_dir_name(dir));
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (errno = 0, (d = readdir(open_dir)) != NULL)
		each(context, fd, d->d_name);
	if (errno != 0) {
		failed_errno(why != NULL ? why : &ignored, EX_IOERR,
		    "%s/%s", spool->directory, spool_dir_name(dir));
		closedir(open_dir);
		return false;
	}
	closedir(open_dir);
	return true;
}

static void
sweep_one(void *context, int at, const char *name)
{
	const int64_t	*now = context;
	struct stat	 st;

	if (!is_hidden(name) &&
	    fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && *now - (int64_t)st.st_mtime > A_DAY)
		unlinkat(at, name, 0);
}

/* Removes a transcript whose entry does not exist any more. */
static void
sweep_transcript(void *context, int at, const char *name)
{
	struct stat	st;

	(void)context;
	if (is_hidden(name) && id_is_valid(name + 1) &&
	    fstatat(at, name + 1, &st, AT_SYMLINK_NOFOLLOW) != 0 &&
	    errno == ENOENT)
		unlinkat(at, name, 0);
}

void
spool_sweep(struct spool *spool, int64_t now)
{
	for_each(spool, SPOOL_TMP, sweep_one, &now, NULL);
	for_each(spool, SPOOL_FAILED, sweep_transcript, NULL, NULL);
}

/*
 * Returns false if the file does not exist any more.  A file that cannot be
 * examined is due, so that a queue run tries it, or reports the reason.
 */
static bool
look_at(struct spool_item *item, int at, const char *name)
{
	struct stat	st;

	*item = (struct spool_item){ .is_file = true };
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno != ENOENT;
	item->is_file = S_ISREG(st.st_mode);
	if (item->is_file) {
		item->size = (uint64_t)st.st_size;
		item->next = id_is_valid(name) ? (int64_t)st.st_mtime : 0;
	}
	return true;
}

static void
list_one(void *context, int at, const char *name)
{
	struct spool_list	*list = context;
	struct spool_item	 item;

	if (is_hidden(name) || !look_at(&item, at, name))
		return;
	list->item = memory_room(list->item, list->n, &list->cap,
	    sizeof(*list->item));
	item.name = memory_copy(name);
	list->item[list->n++] = item;
}

static int
compare_items(const void *a, const void *b)
{
	const struct spool_item	*x = a, *y = b;

	return strcmp(x->name, y->name);
}

bool
spool_list(struct spool_list *list, struct spool *spool,
    enum spool_dir dir, struct failure *why)
{
	*list = (struct spool_list){ 0 };
	if (!for_each(spool, dir, list_one, list, why)) {
		spool_list_free(list);
		return false;
	}
	if (list->n > 1)
		qsort(list->item, list->n, sizeof(*list->item), compare_items);
	return true;
}

void
spool_list_free(struct spool_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->item[i].name);
	free(list->item);
	*list = (struct spool_list){ 0 };
}

static void
count_one(void *context, int at, const char *name)
{
	struct spool_totals	*totals = context;
	struct spool_item	 item;

	if (!look_at(&item, at, name))
		return;
	totals->octets += item.size;
	if (is_hidden(name))
		return;
	totals->entries++;
	if (!id_is_valid(name))
		return;
	if (totals->oldest == 0 || id_time(name) < totals->oldest)
		totals->oldest = id_time(name);
	if (totals->next == 0 || item.next < totals->next)
		totals->next = item.next;
}

bool
spool_count(struct spool_totals *totals, struct spool *spool,
    enum spool_dir dir, struct failure *why)
{
	*totals = (struct spool_totals){ 0 };
	return for_each(spool, dir, count_one, totals, why);
}

bool
spool_replace(struct spool *spool, const char *name, const struct buffer *text,
    int64_t modified)
{
	int	tmp = spool->dir[SPOOL_TMP], fd, error;
	char	new_name[ID_SIZE];
	bool	good;

	id_make(new_name, clock_now() * 1000000, arc4random());
	fd = files_open(tmp, new_name, O_WRONLY | O_CREAT | O_EXCL);
	if (fd == -1)
		return false;
	good = spool_own(spool, fd) &&
	    file_write(fd, text->data, text->len) &&
	    (modified == SPOOL_NOW || files_set_time(fd, modified)) &&
	    renameat(tmp, new_name, spool->fd, name) == 0;
	error = errno;
	if (!good)
		unlinkat(tmp, new_name, 0);
	close(fd);
	errno = error;
	return good;
}

bool
spool_sync(struct spool *spool, struct failure *why)
{
	if (files_sync(spool->dir[SPOOL_QUEUE]))
		return true;
	return failed_errno(why, files_status(errno), "%s/queue",
	    spool->directory);
}

void
spool_close(struct spool *spool)
{
	if (spool->directory == NULL)
		return;
	for (int i = 0; i < SPOOL_DIRS; i++)
		if (spool->dir[i] >= 0)
			close(spool->dir[i]);
	if (spool->fd >= 0)
		close(spool->fd);
	free(spool->directory);
	free(spool->spill);
	*spool = (struct spool){ 0 };
}
