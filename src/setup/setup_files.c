#include "setup/setup_files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/file.h"
#include "util/memory.h"
#include "util/trusted.h"

enum { NAME_ROOM = 256 };

/* A file on its way into the directory. */
struct entry {
	const struct setup_file	*file;
	const char		*name;		/* in the directory */
	char			 new[NAME_ROOM];	/* "" before it exists */
	ino_t			 inode;		/* of the new file */
	bool			 replaces;
};

static bool
refuse_existing(const struct setup_files *files, const struct setup_file *f,
    struct failure *why)
{
	struct stat	st;

	if (lstat(f->path, &st) == -1 && errno == ENOENT)
		return true;
	if (!files->force) {
		failed(why, EX_CANTCREAT, "%s exists already", f->path);
		return files->advice != NULL ? failure_suffix(why, "; to "
		    "replace it, and keep it as %s.old, %s", f->path,
		    files->advice) : false;
	}
	if (S_ISDIR(st.st_mode))
		return failed(why, EX_CANTCREAT, "%s is a directory", f->path);
	return true;
}

bool
setup_files_check(const struct setup_files *files, struct failure *why)
{
	char	*directory = file_directory(files->file[0].path);
	bool	 good;

	if (access(directory, W_OK | X_OK) == -1)
		good = failed_errno(why, errno == EACCES ? EX_NOPERM :
		    EX_CANTCREAT, "cannot write to the directory %s",
		    directory);
	else
		good = trusted_directory(directory, why);
	for (size_t i = files->n; good && i-- > 0;)
		good = refuse_existing(files, &files->file[i], why);
	free(directory);
	return good;
}

/* Creates the new file under a name of its own. */
static bool
prepare(struct entry *e, int dir, gid_t group, struct failure *why)
{
	const struct setup_file	*f = e->file;
	struct stat		 st;
	bool			 good;
	int			 fd;

	snprintf(e->new, sizeof(e->new), ".%.200s.%08x", e->name,
	    arc4random());
	fd = openat(dir, e->new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1) {
		e->new[0] = '\0';
		return failed_errno(why, EX_CANTCREAT, "cannot create a file "
		    "next to %s", f->path);
	}
	good = (!(f->mode & S_IRGRP) || fchown(fd, (uid_t)-1, group) == 0) &&
	    fchmod(fd, f->mode) == 0 && fstat(fd, &st) == 0 &&
	    file_write(fd, f->content->data, f->content->len) &&
	    fsync(fd) == 0;
	e->inode = good ? st.st_ino : 0;
	good = close(fd) == 0 && good;
	return good || failed_errno(why, EX_IOERR, "cannot write %s", f->path);
}

static void
write_old_name(char old[NAME_ROOM], const struct entry *e)
{
	snprintf(old, NAME_ROOM, "%.240s.old", e->name);
}

/* Keeps the existing file, with its mode and owner, as NAME.old. */
static bool
keep_old(struct entry *e, int dir, struct failure *why)
{
	char	old[NAME_ROOM], link[NAME_ROOM];
	bool	good;

	write_old_name(old, e);
	snprintf(link, sizeof(link), ".%.200s.%08x", e->name, arc4random());
	if (linkat(dir, e->name, dir, link, 0) == -1) {
		good = errno == ENOENT || failed_errno(why, EX_CANTCREAT,
		    "cannot keep %s as %s", e->file->path, old);
		unlinkat(dir, link, 0);
		return good;
	}
	e->replaces = true;
	good = renameat(dir, link, dir, old) == 0 || failed_errno(why,
	    EX_CANTCREAT, "cannot keep %s as %s", e->file->path, old);
	/* rename(2) leaves the link if both names are the same file. */
	unlinkat(dir, link, 0);
	return good;
}

static bool
commit(struct entry *e, int dir, bool force, struct failure *why)
{
	int	result = force ? renameat(dir, e->new, dir, e->name) :
		    linkat(dir, e->new, dir, e->name, 0);

	return result == 0 || failed_errno(why, EX_CANTCREAT,
	    "cannot create %s", e->file->path);
}

/*
 * Puts the previous file in its place again, or removes the new one.  The call
 * that failed may have replaced the file, as on a network file system.
 */
static void
undo(const struct entry *e, int dir)
{
	char		old[NAME_ROOM];
	struct stat	st;

	if (fstatat(dir, e->name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    st.st_ino != e->inode)
		return;
	write_old_name(old, e);
	if (e->replaces)
		renameat(dir, old, dir, e->name);
	else
		unlinkat(dir, e->name, 0);
}

static bool
write_entries(struct entry *e, int dir, const struct setup_files *files,
    struct failure *why)
{
	size_t	n = files->n, begun = 0;
	bool	good = true;

	for (size_t i = 0; good && i < n; i++)
		good = prepare(&e[i], dir, files->group, why);
	for (size_t i = 0; good && files->force && i < n; i++)
		good = keep_old(&e[i], dir, why);
	while (good && begun < n)
		good = commit(&e[begun++], dir, files->force, why);
	if (good && fsync(dir) == -1)
		good = failed_errno(why, EX_IOERR, "cannot sync the directory "
		    "of %s", files->file[n - 1].path);
	while (!good && begun > 0)
		undo(&e[--begun], dir);
	for (size_t i = 0; i < n; i++)
		if (e[i].new[0] != '\0')
			unlinkat(dir, e[i].new, 0);
	return good;
}

bool
setup_files_write(const struct setup_files *files, struct failure *why)
{
	struct entry	*e;
	char		*directory;
	sigset_t	all, before;
	bool		good;
	int		dir;

	if (!setup_files_check(files, why))
		return false;
	e = memory_new(files->n, sizeof(*e));
	for (size_t i = 0; i < files->n; i++) {
		e[i].file = &files->file[i];
		e[i].name = strrchr(e[i].file->path, '/') + 1;
	}
	directory = file_directory(files->file[0].path);
	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	good = dir != -1 ? write_entries(e, dir, files, why) :
	    failed_errno(why, EX_CANTCREAT, "%s", directory);
	if (dir != -1)
		close(dir);
	sigprocmask(SIG_SETMASK, &before, NULL);
	free(directory);
	free(e);
	return good;
}
