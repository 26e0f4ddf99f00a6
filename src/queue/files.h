/*
 * files.h - the system calls of the spool
 *
 * In addition to util/file.h.  Interrupted calls are repeated, and short reads
 * and writes continued.  Functions that return false set errno; files_status()
 * returns the exit status for it.
 */
#ifndef QUEUE_FILES_H
#define QUEUE_FILES_H

#include <sys/stat.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * EX_TEMPFAIL for lack of space or descriptors, EX_CANTCREAT if the file cannot
 * be created or extended, else EX_IOERR.
 */
int	files_status(int error);

/* As openat(2), with O_CLOEXEC | O_NOFOLLOW and mode 0600. */
int	files_open(int dir, const char *name, int flags);

/*
 * As fstat(2), but fails with EPERM unless it is a regular file with exactly
 * one name: if root uses the spool of another user, that user may have put
 * anything in its place.
 */
bool	files_stat_regular(int fd, struct stat *);

bool	files_pwrite(int fd, const char *data, size_t len, off_t at);

/* Reads len octets; sets errno to 0 if the file is shorter. */
bool	files_pread(int fd, char *data, size_t len, off_t at);

/* As fsync(2) and fdatasync(2). */
bool	files_sync(int fd);
bool	files_sync_data(int fd);

/*
 * Takes the exclusive lock of a file that is open for writing.  If another
 * process holds the lock, waits for it, or fails with EAGAIN.  The lock belongs
 * to the open file description, and is released when that is closed.
 */
bool	files_lock(int fd, bool wait);

/* Whether a lock is held; does not take a lock, even for a moment. */
bool	files_is_locked(int fd);

/* Sets the modification time, in seconds since the epoch. */
bool	files_set_time(int fd, int64_t modified);

/*
 * As renameat(2), but successful if the file was moved in spite of an error, as
 * can happen on a network file system.  files_move() fails with EEXIST if the
 * new name exists.
 */
bool	files_replace(int from, const char *name, int to, const char *new_name);
bool	files_move(int from, const char *name, int to, const char *new_name);

#endif
