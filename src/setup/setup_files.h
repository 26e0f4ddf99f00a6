/*
 * setup_files.h - write relais.conf and the password files
 *
 * Each file is written under a temporary name, synced, and then linked or
 * renamed, so that at each moment the old or the new file is complete.
 * Symbolic links are not followed, except in the path of the directory, which
 * must not be writable by other users.
 */
#ifndef SETUP_SETUP_FILES_H
#define SETUP_SETUP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/buffer.h"
#include "util/failure.h"

struct setup_file {
	const char		*path;
	const struct buffer	*content;
	mode_t			 mode;
};

/* Password files, and the configuration last: it names them. */
struct setup_files {
	const struct setup_file	*file;		/* in the same directory */
	size_t			 n;		/* at least 1 */
	gid_t			 group;		/* of the files that their
						 * group can read */
	bool			 force;		/* replace existing files, and
						 * keep them as NAME.old */
	const char		*advice;	/* if one exists, or NULL */
};

/*
 * False if the files cannot be written: EX_CANTCREAT if one exists and .force
 * is not set, or the directory does not exist; EX_CONFIG if other users can
 * change the directory; EX_NOPERM.
 */
bool	setup_files_check(const struct setup_files *, struct failure *why);

/*
 * Writes the files while signals wait.  False with EX_CANTCREAT or EX_IOERR;
 * the previous files are then in place.
 */
bool	setup_files_write(const struct setup_files *, struct failure *why);

#endif
