/*
 * lock_holder.h - find the processes that work on entries
 *
 * The kernel does not tell which process holds a lock of files_lock(), because
 * it belongs to an open file description.  /proc shows the open files of
 * processes and their locks, to root and to some extent to the owner of a
 * process.
 */
#ifndef QUEUE_LOCK_HOLDER_H
#define QUEUE_LOCK_HOLDER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

struct lock_holder {
	dev_t	device;		/* of the locked file */
	ino_t	inode;		/* of the locked file */
	pid_t	pid;
	char	program[64];	/* the name of the process, as it chose it */
};

/* Zeroed at first. */
struct lock_holders {
	bool			 read;
	struct lock_holder	*holder;	/* owned */
	size_t			 n;
	size_t			 cap;
};

/*
 * Returns the process that holds the lock of the open file, or NULL if this
 * user has no permission to see it.  The first call reads /proc; a process that
 * has taken a lock after that is not found.
 */
const struct lock_holder *lock_holders_find(struct lock_holders *, int fd);

void	lock_holders_free(struct lock_holders *);

#endif
