/*
 * temp_dir.h - a temporary directory and its files
 *
 * Any error fails the test.
 */
#ifndef SUPPORT_TEMP_DIR_H
#define SUPPORT_TEMP_DIR_H

#include <stddef.h>
#include <sys/types.h>

#include "util/buffer.h"

struct temp_dir {
	char	path[64];	/* short enough for a Unix socket */
};

void	temp_dir_make(struct temp_dir *);
void	temp_dir_remove(struct temp_dir *);		/* with its contents */

/* Removes the contents of a directory, if it exists. */
void	temp_dir_empty(const char *path);

/*
 * The path of a file in the directory, whether it exists or not.  Valid until
 * the eighth call after this one.
 */
const char *temp_dir_path(struct temp_dir *, const char *name);

/*
 * Each writes a file, creates the directories in its name, and returns
 * temp_dir_path().
 */
const char *temp_dir_write(struct temp_dir *, const char *name, mode_t,
	    const char *text);
const char *temp_dir_write_bytes(struct temp_dir *, const char *name, mode_t,
	    const void *, size_t len);

/* Replaces the contents of the buffer with those of the file. */
void	file_read(struct buffer *, const char *path);

/* The number of files in a directory, without . and .. */
size_t	temp_dir_count(const char *path);

#endif
