#include "support/folder.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

void
folder_make(struct folder *f)
{
	strlcpy(f->path, "/tmp/relais-test.XXXXXXXX", sizeof(f->path));
	assert_non_null(mkdtemp(f->path));
	assert_int_equal(chmod(f->path, 0755), 0);
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
folder_remove(struct folder *f)
{
	assert_int_equal(nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS),
	    0);
}

char *
folder_path(const struct folder *f, const char *name)
{
	char	*path;

	assert_true(asprintf(&path, "%s/%s", f->path, name) > 0);
	return path;
}

static void
make_folders(char *path, size_t from)
{
	for (char *slash = path + from; (slash = strchr(slash, '/')) != NULL;
	    slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

void
folder_write(const struct folder *f, const char *name, const char *text,
    size_t len, mode_t mode)
{
	char	*path = folder_path(f, name);
	int	 fd;

	make_folders(path, strlen(f->path) + 1);
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd != -1);
	assert_int_equal(write(fd, text, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
	free(path);
}
