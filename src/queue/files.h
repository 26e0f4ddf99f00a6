/*
 * files.h - the system calls that a spool is made of
 *
 * Goes on where util/file.h ends.  Interrupted calls are repeated, short ones
 * continued.  False means errno says why; files_status() has the exit status
 * for it.
 */
#ifndef QUEUE_FILES_H
#define QUEUE_FILES_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * EX_TEMPFAIL where there may be room or a descriptor later, EX_CANTCREAT
 * where the file could not be made or grow, else EX_IOERR.
 */
int	files_status(int error);

/* As openat(2), with O_CLOEXEC | O_NOFOLLOW; mode 0600; -1 on failure. */
int	files_open(int folder, const char *name, int flags);

bool	files_pwrite(int fd, const char *data, size_t len, off_t at);

/* Reads len octets; false with errno 0 if the file ends before. */
bool	files_pread(int fd, char *data, size_t len, off_t at);

/* Of a file, its octets and what is needed to find them; of a folder, all. */
bool	files_sync(int fd);
bool	files_sync_data(int fd);

/*
 * Takes the exclusive lock of a file that is open for writing.  If another
 * process holds the lock, waits for it, or fails with EAGAIN.  The lock belongs
 * to the open file description, and is released when that is closed.
 */
bool	files_lock(int fd, bool wait);

/* Only asks the kernel: takes no lock that another process could run into. */
bool	files_is_locked(int fd);

/* The time of its last modification, seconds since the epoch. */
bool	files_set_time(int fd, int64_t modified);

/* Takes over any name that is not taken: errno EEXIST if it is. */
bool	files_move(int from, const char *name, int to, const char *new_name);

#endif
