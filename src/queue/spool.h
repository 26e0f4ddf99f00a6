/*
 * spool.h - the spool directory: its subdirectories, their contents, its size
 *
 *	DIR/queue/ID	waiting entries (entry.h)
 *	DIR/failed/ID	entries that were given up, and invalid files
 *	DIR/failed/.ID	transcripts of their last attempts (last_attempt.h)
 *	DIR/tmp/	temporary and incomplete files; removed after a day
 *	DIR/usage	the size of the spool (usage.h)
 *	DIR/status	the last success and error (health.h)
 *	DIR/alarm	a lock (runner/alarm.h)
 *	DIR/log-key	the key of log_addresses (util/log_addresses.h)
 *	DIR/counters	the results for each smarthost (counters.h)
 *	DIR/storm	numbers of recent messages (storm.h)
 *	DIR/state	facts about the smarthosts (spool_state.h)
 *
 * All files belong to the owner of DIR and have mode 0700 or 0600.  If root
 * uses the spool of another user, new files are given to that user.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buffer.h"
#include "util/failure.h"

enum spool_dir { SPOOL_QUEUE, SPOOL_FAILED, SPOOL_TMP, SPOOL_DIRS };

struct spool_options {
	bool		create;		/* missing directories, even DIR */
	uint64_t	size_max;	/* of queue/ and failed/; 0: no limit */
};

struct spool {
	char		*directory;	/* owned */
	char		*spill;		/* owned; for message_limits */
	int		 fd;
	int		 dir[SPOOL_DIRS];	/* descriptors */
	uid_t		 owner;
	gid_t		 group;
	uint64_t	 size_max;
};

/*
 * Returns false with EX_OSFILE if the spool does not exist and .create is not
 * set, EX_CANTCREAT if it belongs to another user or is writable by others, or
 * the status of the system call that failed.  The text is the reason alone,
 * without the directory, and may end with a command as the remedy.
 */
bool	spool_open(struct spool *, const char *directory,
	    const struct spool_options *, struct failure *why);

/*
 * For a spool that does not exist: whether it has not been used yet, so that
 * the first message can create it.  Otherwise, returns false with the reason.
 */
bool	spool_is_new(const char *directory, struct failure *why);

/*
 * Whether it has lost a subdirectory, so that it cannot be opened, although the
 * others may contain mail; sets *why to EX_CANTCREAT and the reason.
 */
bool	spool_is_partial(const char *directory, struct failure *why);

/* The name of the subdirectory, for messages: "queue", "failed", "tmp". */
const char *spool_dir_name(enum spool_dir);

/*
 * Removes files in tmp/ that are more than a day old, and transcripts without
 * an entry.  The runner calls this function occasionally; a file that cannot be
 * removed is skipped.
 */
void	spool_sweep(struct spool *, int64_t now);

struct spool_item {
	char		*name;		/* owned */
	uint64_t	 size;		/* octets, envelope included */
	int64_t		 next;		/* the next attempt, seconds */
	bool		 is_file;	/* a regular file, or cannot be
					 * examined */
};

struct spool_list {
	struct spool_item	*item;	/* owned, sorted by name */
	size_t			 n;
	size_t			 cap;
};

/*
 * Lists the files of a subdirectory without opening them, except names that
 * begin with a dot.  A file that cannot be an entry has .next 0, so that the
 * next queue run opens it and entry_open() moves it to failed/.  retry.h
 * decides when an entry is due.
 */
bool	spool_list(struct spool_list *, struct spool *, enum spool_dir,
	    struct failure *why);
void	spool_list_free(struct spool_list *);	/* ready for use again */

/* The facts for a status line, without opening an entry. */
struct spool_totals {
	size_t		entries;
	uint64_t	octets;		/* transcripts included */
	int64_t		oldest;		/* arrival, seconds; 0: empty */
	int64_t		next;		/* the earliest attempt; 0: empty */
};

bool	spool_count(struct spool_totals *, struct spool *, enum spool_dir,
	    struct failure *why);

/*
 * Syncs the directory queue/, so that removed entries stay removed after a
 * crash.  The runner calls this function at the end of a queue run.
 */
bool	spool_sync(struct spool *, struct failure *why);

enum { SPOOL_NOW = -1 };	/* in place of a modification time */

/*
 * Replaces a file of DIR, such as DIR/status, atomically but without a sync, and
 * sets its modification time in seconds, or SPOOL_NOW.  Returns false with
 * errno.
 */
bool	spool_replace(struct spool *, const char *name,
	    const struct buffer *text, int64_t modified);

/* Gives a new file to the owner of the spool if this process is root. */
bool	spool_own(const struct spool *, int fd);

/*
 * Takes the lock of a file in the spool, and waits for it.  Because another
 * user can hold a lock indefinitely, root waits only a second for the lock of a
 * file in another user's spool.  Returns false with errno.
 */
bool	spool_lock(const struct spool *, int fd);

void	spool_close(struct spool *);	/* also if zeroed */

#endif
