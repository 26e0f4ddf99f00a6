/*
 * entry.h - one message in the queue
 *
 * A process that works on an entry holds its lock (files_lock()), so that two
 * runners do not send it twice.  A file that is not an entry (a link, a device,
 * a directory, a file of another user, invalid content) is moved to failed/
 * with its content; links are not followed, and the other entries are not
 * affected.
 *
 * The order of a runner's work, for an entry that was opened with ENTRY_WORK:
 *
 *	if held or collected		nothing
 *	entry_prove(); if that fails	nothing: what is sent could not be
 *					recorded
 *	send to every forward-path whose outcome is OUTCOME_WAITING, with
 *					entry_record() after each transaction
 *					but the last
 *	all delivered			entry_remove(); if that fails,
 *					entry_record(), so none is sent twice
 *	otherwise			entry_record(), followed by one of
 *	  some are waiting		entry_defer()
 *	  none is, some have failed	entry_mark_notice(), the notice,
 *					entry_remove(); or entry_fail()
 *	entry_close()
 *
 * If something was sent and entry_record() fails, the next run would send it
 * again; call entry_set_aside() or, if that fails as well, entry_postpone().
 *
 * A crash between two of these steps leaves an entry without waiting
 * forward-paths; the steps after entry_record() must then be repeated.
 *
 * The modification time of the file is the time of the next attempt or, in
 * failed/, the time at which the entry was given up or found to be invalid.
 * Because a write in place changes it, each function sets it again.
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
	int64_t		 next;		/* the next attempt, in seconds; in
					 * failed/, when it was given up */
	uint64_t	 size;		/* of the file, envelope included */
	bool		 locked;	/* ENTRY_LOOK: in use by a process */
	struct spool	*spool;		/* borrowed */
	enum spool_dir dir;
	char		*name;		/* owned; the ID */
	int		 fd;
	struct buffer	 text;		/* the envelope, as in the file */
	struct buffer	 transcript;	/* entry_load(), of a failed entry: see
					 * last_attempt.h; or empty */
};

enum entry_access {
	ENTRY_WORK,	/* with the lock and the message */
	ENTRY_LOOK,	/* changes nothing, moves nothing, keeps no lock */
};

enum entry_result {
	ENTRY_OPENED,
	ENTRY_LOCKED,	/* in use by a process (ENTRY_WORK) */
	ENTRY_GONE,	/* it does not exist */
	ENTRY_BAD,	/* invalid; why has the reason and its new name */
	ENTRY_TROUBLE,	/* cannot be read now; see why; not changed */
};

/*
 * The name can be untrusted: for a name with a slash or a leading dot, the
 * result is ENTRY_GONE.  *why is set for the last two results.  Except for
 * ENTRY_OPENED, the entry is already closed; it can be closed again.
 */
enum entry_result entry_open(struct entry *, struct spool *, enum spool_dir,
	    const char *name, enum entry_access, struct failure *why);

/*
 * Takes over a file without a name that holds an entry: spool_write() has
 * written it, possibly in another process, or it was copied from a spool.  The
 * entry is in no spool: only its envelope and message can be used.  Returns
 * false, with why, if it is not valid; close it in either case.
 */
bool	entry_adopt(struct entry *, const char *name, int fd,
	    struct failure *why);

/*
 * The same for the envelope alone, of a file with the given size.  The entry
 * has no message, and entry_load() must not be called.
 */
bool	entry_adopt_envelope(struct entry *, const char *name,
	    const struct buffer *text, uint64_t size, struct failure *why);

/*
 * Takes over an entry of queue/ that this process has just committed, with its
 * lock (.keep of struct spool_submission), as with ENTRY_WORK, but without the
 * message.  Returns false, with why, if it cannot be read; close it in either
 * case.
 */
bool	entry_take(struct entry *, struct spool *, const char *name, int fd,
	    struct failure *why);

/* After ENTRY_LOOK: reads the header and the transcript, opens the body. */
bool	entry_load(struct entry *, struct failure *why);

/*
 * The following functions require ENTRY_WORK.  Unless stated otherwise, the
 * change is synced to disk before they return; they return false with EX_IOERR
 * or EX_TEMPFAIL if that fails.
 */

/*
 * Rewrites, without a change, all octets that can be rewritten later, so that a
 * full or failing disk is detected before anything is sent.
 */
bool	entry_prove(struct entry *, struct failure *);

/*
 * Records the outcome of each forward-path that was waiting.  A forward-path
 * with OUTCOME_DEFERRED stays waiting, with its text; OUTCOME_WAITING without a
 * text changes nothing.  If this function fails but no forward-path is waiting,
 * entry_remove() prevents a duplicate.
 */
bool	entry_record(struct entry *, const struct outcome *, struct failure *);

/*
 * Records an attempt, whether a server was asked in it, and the time of the
 * next one.  Not synced: after a crash, the next attempt can only be too early.
 */
bool	entry_defer(struct entry *, int64_t next, bool asked,
	    struct failure *);

/*
 * Must be called before the notice is queued: a crash between the two
 * steps loses the notice, and never sends it twice.
 */
bool	entry_mark_notice(struct entry *, struct failure *);

/*
 * The same for a notice about the delay: marks the waiting forward-paths whose
 * NOTIFY has DELAY.
 */
bool	entry_mark_delay(struct entry *, struct failure *);

/* Gives the entry up: records the reason, and moves it to failed/. */
bool	entry_fail(struct entry *, const char *reason, struct failure *);

/* Records that the server may have accepted it for those that are waiting. */
bool	entry_doubt(struct entry *, struct failure *);

/* Moves the entry to failed/ without changing its content. */
bool	entry_set_aside(struct entry *, struct failure *);

/*
 * Records only why no attempt can be made, for the list of the queue.  Not
 * synced, and nothing is recorded if the file cannot be written.
 */
void	entry_explain(struct entry *, const char *reason);

/* Sets only the time of the next attempt; not synced. */
bool	entry_postpone(struct entry *, int64_t next, struct failure *);

/* In either case, the entry is no longer collected. */
bool	entry_hold(struct entry *, bool held, struct failure *);

/*
 * For an entry that was delivered to all recipients or that the administrator
 * drops.  The directory is not synced; see spool_sync().
 */
bool	entry_remove(struct entry *, struct failure *);

void	entry_close(struct entry *);

#endif
