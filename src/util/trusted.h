/*
 * trusted.h - read a whole small file that other users cannot change
 *
 * Only regular files are read.  The file must be owned by root or by the
 * reader.  It must not be writable by other users or, if the reader is root, by
 * its group.  The same rules apply to each directory and link on its path,
 * because a user who can replace a directory or a link can replace the file.
 * In a sticky directory, users cannot replace each other's files.
 *
 * Links are followed, because container systems provide secrets as links; the
 * rules apply to the target.  Only the buffer contains the content, so
 * buffer_wipe() removes a secret from memory.
 */
#ifndef UTIL_TRUSTED_H
#define UTIL_TRUSTED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/buffer.h"
#include "util/failure.h"

enum trusted_rule {
	TRUSTED_SECRET	= 1 << 0,	/* not readable by other users, unless
					 * trusted_is_exposed() */
};

enum trusted_answer { TRUSTED_READ, TRUSTED_MISSING, TRUSTED_REFUSED };

/*
 * Reads a file of at most limit octets.  TRUSTED_READ: the content is in *text
 * and the file's attributes are in *st.  Otherwise *why names the path:
 * EX_CONFIG, with the commands to run if another user can change the file;
 * EX_NOPERM, with mode, owner and reader, if the reader has no permission;
 * EX_TEMPFAIL if memory or descriptors are lacking; EX_IOERR.
 */
enum trusted_answer trusted_read(struct buffer *text, const char *path,
	    size_t limit, unsigned rules, struct stat *st, struct failure *why);

/*
 * trusted_read() of at most 64 KiB, followed by trusted_value().  False also if
 * the file does not exist.
 */
bool	trusted_read_value(struct buffer *value, const char *path,
	    unsigned rules, struct stat *st, struct failure *why);

/*
 * Whether the file can be read by all users, with mode 0444, belongs to root,
 * and is on a read-only mount, so that its mode cannot be changed.  Container
 * systems mount secrets in this way.  Such a secret is read, because nothing
 * shows whether the container has other users; the caller should warn.
 */
bool	trusted_is_exposed(const char *path);

/* Checks a directory and its path by the same rules; EX_CONFIG. */
bool	trusted_directory(const char *path, struct failure *why);

/* Returns the length without one newline (LF or CRLF) at the end. */
size_t	trusted_value_length(const char *text, size_t len);

/*
 * Removes one newline at the end of the content of a file or the output of a
 * program.  False with EX_CONFIG, and with the value wiped, if it is empty or
 * contains a NUL; the text begins with name.
 */
bool	trusted_value(struct buffer *value, const char *name,
	    struct failure *why);

#endif
