/*
 * folder.h - a temporary directory and its files
 *
 * Any error fails the test.
 */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

#include "util/buffer.h"

struct folder {
	char	path[64];	/* short enough for a Unix socket */
};

void	folder_make(struct folder *);
void	folder_remove(struct folder *);		/* with its contents */

/*
 * The path of a file in the directory, whether it exists or not.  Valid until
 * the eighth call after this one.
 */
const char *folder_path(struct folder *, const char *name);

/*
 * Each writes a file, creates the directories in its name, and returns
 * folder_path().
 */
const char *folder_write(struct folder *, const char *name, mode_t,
	    const char *text);
const char *folder_write_bytes(struct folder *, const char *name, mode_t,
	    const void *, size_t len);

/* Replaces the contents of the buffer with those of the file. */
void	file_read(struct buffer *, const char *path);

/* The number of files in a directory, without . and .. */
size_t	folder_count(const char *path);

#endif
