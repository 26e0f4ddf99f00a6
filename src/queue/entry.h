/*
 * entry.h - one message in the queue: opened, worked on, finished
 *
 * Whoever works on an entry holds its lock (files_lock()), so two runners deliver
 * once.  What can't be an entry - a link, a device, a folder, somebody else's
 * file, garbage - is moved to failed/ as it is and never followed, waited
 * for, or opened twice; the others go on.
 *
 * The order of a runner's work, for an entry that was opened with ENTRY_WORK:
 *
 *	if (entry.file.held)		nothing
 *	entry_prove(); if that fails	nothing: what is sent could not be
 *					recorded
 *	send to every forward-path whose outcome is OUTCOME_WAITING, with
 *					entry_record() after each transaction
 *					but the last
 *	all delivered			entry_remove(); if that fails,
 *					entry_record(), so none is sent twice
 *	otherwise			entry_record(), and then one of
 *	  some are waiting		entry_defer()
 *	  none is, some have failed	entry_mark_notice(), the notice,
 *					entry_remove(); or entry_fail()
 *	entry_close()
 *
 * If something was sent and entry_record() fails, the entry must not stay as
 * it is, or the next run would send it again: entry_set_aside(), and if that
 * fails as well, entry_postpone().
 *
 * An entry in which nothing waits is what a crash between two of these steps
 * leaves; the steps behind entry_record() are then still to be made.
 *
 * Whatever is rewritten in place also changes the file's modification time,
 * and with it the time of the next attempt, so each function sets that again.
 */
#ifndef QUEUE_ENTRY_H
#define QUEUE_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/message.h"
#include "mail/outcome.h"
#include "queue/envelope_file.h"
#include "queue/spool.h"
#include "util/buffer.h"
#include "util/failure.h"

struct entry {
	struct envelope_file	 file;
	struct message	 message;	/* with ENTRY_WORK or entry_load() */
	int64_t		 next;		/* the next attempt, seconds */
	uint64_t	 size;		/* of the file, envelope included */
	bool		 locked;	/* ENTRY_LOOK: somebody works on it */
	struct spool	*spool;		/* borrowed */
	enum spool_folder folder;
	char		*name;		/* owned; the ID */
	int		 fd;
	struct buffer	 text;		/* the envelope, as in the file */
};

enum entry_access {
	ENTRY_WORK,	/* with the lock and the message */
	ENTRY_LOOK,	/* changes nothing, moves nothing, keeps no lock */
};

enum entry_result {
	ENTRY_OPENED,
	ENTRY_LOCKED,	/* somebody works on it (ENTRY_WORK) */
	ENTRY_GONE,	/* no such entry (any more) */
	ENTRY_BAD,	/* no entry at all; why tells, and where it is now */
	ENTRY_TROUBLE,	/* can't be read now: why; it stays as it is */
};

/*
 * The name may come from anywhere: one with a slash, or a leading dot, is
 * ENTRY_GONE.  *why is filled for the last two results.  For any but
 * ENTRY_OPENED the entry is closed already; closing it again does no harm.
 */
enum entry_result entry_open(struct entry *, struct spool *, enum spool_folder,
	    const char *name, enum entry_access, struct failure *why);

/*
 * Takes over a file without a name that spool_write() has written, possibly in
 * another process.  The entry is in no spool: only its envelope and message can
 * be used.  Returns false, with why, if it is not valid; close it in either
 * case.
 */
bool	entry_adopt(struct entry *, int fd, struct failure *why);

/* After ENTRY_LOOK: reads the header and opens the body. */
bool	entry_load(struct entry *, struct failure *why);

/*
 * What follows needs ENTRY_WORK, and is on disk when it returns, except where
 * it says otherwise.  EX_IOERR or EX_TEMPFAIL if not.
 */

/*
 * Writes what may be rewritten later once more as it is, so that a full or
 * failing disk is noticed before anything is sent.
 */
bool	entry_prove(struct entry *, struct failure *);

/*
 * The outcome of each forward-path that was waiting.  OUTCOME_DEFERRED is
 * kept as waiting, with its text; OUTCOME_WAITING with no text changes
 * nothing.  If this fails for an entry that has nothing waiting any more,
 * entry_remove() is still right, and prevents a duplicate.
 */
bool	entry_record(struct entry *, const struct outcome *, struct failure *);

/*
 * One more attempt was made, and a server asked in it or not; the next comes
 * then.  Not flushed: a crash can only make it come early.
 */
bool	entry_defer(struct entry *, int64_t next, bool asked,
	    struct failure *);

/*
 * To be called before the notice is queued: if a crash comes between, there
 * is none, and never two.
 */
bool	entry_mark_notice(struct entry *, struct failure *);

/* Gives it up: the reason is written in, the entry moved to failed/. */
bool	entry_fail(struct entry *, const char *reason, struct failure *);

/* The server may have the message for all that are waiting. */
bool	entry_doubt(struct entry *, struct failure *);

/* Moves it to failed/ as it is, without writing into it. */
bool	entry_set_aside(struct entry *, struct failure *);

/* Only the time of the next attempt; not flushed. */
bool	entry_postpone(struct entry *, int64_t next, struct failure *);

bool	entry_hold(struct entry *, bool held, struct failure *);

/*
 * Delivered to all, or dropped by the administrator.  The folder is not
 * flushed: spool_sync().
 */
bool	entry_remove(struct entry *, struct failure *);

void	entry_close(struct entry *);

#endif
