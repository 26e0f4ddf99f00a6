/*
 * spool.h - the spool directory: its folders, what is in them, its size
 *
 *	DIR/queue/ID	entries that wait (entry.h)
 *	DIR/failed/ID	entries given up, and what was no entry at all
 *	DIR/tmp/	unnamed and half-made files; swept after a day
 *	DIR/usage	how much there is, as last counted (usage.h)
 *	DIR/status	the last success and error (health.h)
 *
 * All of it belongs to the owner of DIR, mode 0700 and 0600.  Root may work
 * in a spool of another user, and gives what it makes to that user.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/failure.h"

enum spool_folder { SPOOL_QUEUE, SPOOL_FAILED, SPOOL_TMP, SPOOL_FOLDERS };

struct spool_options {
	bool		create;		/* what is missing, DIR included */
	uint64_t	size_max;	/* octets in queue/ and failed/, 0: any */
};

struct spool {
	char		*directory;	/* owned */
	char		*spill;		/* owned; for message_limits */
	int		 fd;
	int		 folder[SPOOL_FOLDERS];
	uid_t		 owner;
	gid_t		 group;
	uint64_t	 size_max;
};

/*
 * False with EX_OSFILE where there is no spool and none is to be made,
 * EX_CANTCREAT where it is not ours or others could write into it, else by
 * the cause; the text says what to change.
 */
bool	spool_open(struct spool *, const char *directory,
	    const struct spool_options *, struct failure *why);

/* The folder's name, for messages: "queue", "failed", "tmp". */
const char *spool_folder_name(enum spool_folder);

/*
 * Removes what was left in tmp/ more than a day ago.  For the runner, once
 * in a while; a file that can't be removed is left to the next time.
 */
void	spool_sweep(struct spool *, int64_t now);

struct spool_item {
	char		*name;		/* owned */
	uint64_t	 size;		/* octets, envelope included */
	int64_t		 next;		/* the next attempt, seconds */
	bool		 is_file;	/* a regular one */
};

struct spool_list {
	struct spool_item	*item;	/* owned, in the order of names */
	size_t			 n;
	size_t			 cap;
};

/*
 * Everything in a folder but names that begin with a dot.  Opens nothing.
 * What can't be an entry has .next 0, so that the runner meets it at once
 * and entry_open() sets it aside; retry.h tells when an entry is due.
 */
bool	spool_list(struct spool_list *, struct spool *, enum spool_folder,
	    struct failure *why);
void	spool_list_free(struct spool_list *);	/* ready for use again */

/* What a status line says, without opening an entry. */
struct spool_totals {
	size_t		entries;
	uint64_t	octets;
	int64_t		oldest;		/* arrival, seconds; 0: no entry */
	int64_t		next;		/* the earliest attempt; 0: no entry */
};

bool	spool_count(struct spool_totals *, struct spool *, enum spool_folder,
	    struct failure *why);

/*
 * Flushes the queue's folder: after it, what was removed stays removed.  For
 * the runner, at the end of a pass.
 */
bool	spool_sync(struct spool *, struct failure *why);

/* A new file is given to the spool's owner, if root made it. */
bool	spool_own(const struct spool *, int fd);

void	spool_close(struct spool *);	/* takes a zeroed one too */

#endif
