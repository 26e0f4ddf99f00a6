/*
 * log_file.h - append lines to a log file that other programs rotate
 *
 * If the file has been renamed or removed, it is created and opened again
 * before the next line.  A process in the sandbox cannot do this, and appends
 * to the renamed file as long as that exists.
 *
 * A line is one write(2) with O_APPEND, so that the lines of several processes
 * do not mix.  Such a write waits for the file system: the path should be on a
 * local one.
 */
#ifndef UTIL_LOG_FILE_H
#define UTIL_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/failure.h"

struct log_file {
	char	*path;		/* owned */
	int	 fd;		/* -1: not open */
	dev_t	 device;	/* of the open file */
	ino_t	 inode;
	bool	 torn;		/* the last line is incomplete */
};

void	log_file_begin(struct log_file *, const char *path);

/*
 * Opens the file, or opens it again after a rotation.  A new file has the mode
 * 0640 and, if root creates it, the owner and group of its directory.  Symbolic
 * links and files that are not regular are refused.  False with EX_NOPERM, or
 * EX_CANTCREAT for other reasons.
 */
bool	log_file_open(struct log_file *, struct failure *why);

/* Whether the open file is still the one at the path. */
bool	log_file_is_current(const struct log_file *);

/*
 * Appends a line, which ends in LF.  False if the file system did not accept
 * all of it.
 */
bool	log_file_write(struct log_file *, const char *line, size_t len);

void	log_file_end(struct log_file *);

#endif
