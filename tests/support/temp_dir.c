#include "support/temp_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RING = 8, PATH_SIZE = 512 };

void
temp_dir_make(struct temp_dir *f)
{
	strlcpy(f->path, "/tmp/relais-test.XXXXXX", sizeof(f->path));
	if (mkdtemp(f->path) == NULL)
		fail_msg("mkdtemp: %s", strerror(errno));
	/* A test may read it as another user. */
	assert_int_equal(chmod(f->path, 0755), 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
temp_dir_remove(struct temp_dir *f)
{
	if (f->path[0] != '\0')
		nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	f->path[0] = '\0';
}

/* Hundreds of times in some tests, so rm(1) would be slow. */
void
temp_dir_empty(const char *path)
{
	DIR		*dir = opendir(path);
	struct dirent	*entry;
	char		 name[PATH_SIZE];

	if (dir == NULL && errno == ENOENT)
		return;
	if (dir == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (nftw(name, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
			fail_msg("%s: %s", name, strerror(errno));
	}
	closedir(dir);
}

const char *
temp_dir_path(struct temp_dir *f, const char *name)
{
	static char	ring[RING][PATH_SIZE];
	static unsigned	next;
	char		*path = ring[next++ % RING];

	if (snprintf(path, PATH_SIZE, "%s/%s", f->path, name) >= PATH_SIZE)
		fail_msg("%s: too long", name);
	return path;
}

/* Creates the directories in the name. */
static void
make_parents(const struct temp_dir *f, const char *path)
{
	char	upto[PATH_SIZE];

	strlcpy(upto, path, sizeof(upto));
	for (char *slash = upto + strlen(f->path) + 1;
	    (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
		*slash = '\0';
		mkdir(upto, 0755);
	}
}

const char *
temp_dir_write_bytes(struct temp_dir *f, const char *name, mode_t mode,
    const void *data, size_t len)
{
	const char	*path = temp_dir_path(f, name);
	int		 fd;

	make_parents(f, path);
	/* Only root could overwrite a read-only file. */
	chmod(path, 0600);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1 || write(fd, data, len) != (ssize_t)len ||
	    fchmod(fd, mode) == -1 || close(fd) == -1)
		fail_msg("%s: %s", path, strerror(errno));
	return path;
}

const char *
temp_dir_write(struct temp_dir *f, const char *name, mode_t mode,
    const char *text)
{
	return temp_dir_write_bytes(f, name, mode, text, strlen(text));
}

void
file_read(struct buffer *to, const char *path)
{
	int	fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t	n;

	buffer_clear(to);
	if (fd == -1)
		fail_msg("%s: %s", path, strerror(errno));
	while ((n = read(fd, buffer_room(to, 65536), 65536)) > 0)
		to->len += (size_t)n;
	close(fd);
	buffer_add(to, "", 0);
	if (n == -1)
		fail_msg("%s: %s", path, strerror(errno));
}

size_t
temp_dir_count(const char *path)
{
	DIR		*dir = opendir(path);
	struct dirent	*entry;
	size_t		 n = 0;

	if (dir == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	while ((entry = readdir(dir)) != NULL)
		n += strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0;
	closedir(dir);
	return n;
}
