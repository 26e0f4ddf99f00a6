/*
 * file.h - write to descriptors, create files without a name, directory names
 */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes all octets, even after EINTR and short writes; false with errno. */
bool	file_write(int fd, const void *data, size_t len);

/*
 * As file_write(), but returns false instead of waiting for the reader of a
 * pipe, a socket or a terminal.  O_NONBLOCK is not set, because other processes
 * may share the descriptor.
 */
bool	file_write_now(int fd, const void *data, size_t len);

/* "/run/relais" of "/run/relais/submission"; the caller frees it. */
char	*file_directory(const char *path);

/*
 * Returns the path, with the working directory before it if it is relative; the
 * caller frees it.
 */
char	*file_absolute(const char *path);

/*
 * Creates a file without a name in the directory, and opens it for reading and
 * writing; mode 0600, close-on-exec.  It is removed when it is closed.  Returns
 * -1 with errno.
 */
int	file_unnamed(const char *directory);

/*
 * Gives a file that was opened with O_TMPFILE a name in the directory.  False
 * with errno; ENOENT also without /proc.
 */
bool	file_link(int fd, int directory, const char *name);

/* Creates such a file in memory (memfd_create(2)). */
int	file_in_memory(void);

/*
 * Opens /dev/null in place of an unused input or output.  If /dev/null does not
 * exist, as in some chroots, opens a directory, which cannot be read or written
 * either.  Returns -1 with errno.
 */
int	file_nothing(void);

/*
 * Opens descriptors 0, 1 and 2 if the caller has closed them.  Otherwise a
 * socket or a file could get descriptor 2, and a warning would be written to
 * the SMTP server or to the file.
 */
void	file_fill_descriptors(void);

#endif
