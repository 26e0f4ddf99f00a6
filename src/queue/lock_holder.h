/*
 * lock_holder.h - find the process that works on an entry
 *
 * The kernel does not tell which process holds a lock of files_lock(), because
 * it belongs to an open file description.  /proc shows the open files of
 * processes and their locks, to root and to some extent to the owner of a
 * process.
 */
#ifndef QUEUE_LOCK_HOLDER_H
#define QUEUE_LOCK_HOLDER_H

#include <sys/types.h>

struct lock_holder {
	pid_t	pid;		/* 0: not found */
	char	program[64];	/* its name, as the process chose it, or "" */
};

/*
 * Finds the process that holds the lock of the open file, if this user has
 * permission to see it.
 */
void	lock_holder_find(struct lock_holder *, int fd);

#endif
