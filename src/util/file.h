/*
 * file.h - whole reads and writes
 */
#ifndef UTIL_FILE_H
#define UTIL_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes all of it, over interruptions and short writes; false with errno. */
bool	file_write(int fd, const void *data, size_t len);

/*
 * The same without waiting for a reader of a pipe, a socket or a terminal,
 * although the descriptor may be shared with others and stays as it is.  False
 * where the reader would have to be waited for, or with errno.
 */
bool	file_write_now(int fd, const void *data, size_t len);

/*
 * A file without a name in that directory, open for reading and writing, mode
 * 0600, close-on-exec, gone when it is closed; -1 with errno.
 */
int	file_unnamed(const char *directory);

/* The same in memory. */
int	file_in_memory(void);

/*
 * What stands in for an input or output that is not to be used: /dev/null, or
 * where a chroot lacks it, a folder, which can be neither read nor written.
 */
int	file_nothing(void);

#endif
