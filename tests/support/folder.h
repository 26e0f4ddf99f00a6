/*
 * folder.h - a folder of a test's own, with files in it
 */
#ifndef SUPPORT_FOLDER_H
#define SUPPORT_FOLDER_H

#include <stddef.h>
#include <sys/types.h>

struct folder {
	char	path[64];
};

/* Mode 0755, so that a test may look into it as somebody else. */
void	folder_make(struct folder *);
void	folder_remove(struct folder *);		/* with all that is in it */

/* "path/name"; the caller frees it. */
char	*folder_path(const struct folder *, const char *name);

/* Writes the file anew, with just that mode; folders in name are made. */
void	folder_write(const struct folder *, const char *name,
	    const char *text, size_t len, mode_t mode);

#endif
