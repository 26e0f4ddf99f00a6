/*
 * folder.h - a temporary folder, and the files in it
 *
 * What goes wrong here fails the test.
 */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

#include "util/buffer.h"

struct folder {
	char	path[64];	/* short enough for sockets in it */
};

void	folder_make(struct folder *);
void	folder_remove(struct folder *);		/* with all that is in it */

/*
 * The path of a name in it, in a ring of eight: good until seven more were
 * asked for.
 */
const char *folder_path(struct folder *, const char *name);

/* Each returns folder_path(); folders in the name are made. */
const char *folder_write(struct folder *, const char *name, mode_t,
	    const char *text);
const char *folder_write_bytes(struct folder *, const char *name, mode_t,
	    const void *, size_t len);

/* A whole file; what its buffer held is gone. */
void	file_read(struct buffer *, const char *path);

/* How many files a folder holds, . and .. apart. */
size_t	folder_count(const char *path);

#endif
