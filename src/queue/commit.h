/*
 * commit.h - stores a message as an entry that survives a crash
 *
 * A crash leaves one of these states and no other.
 *
 *	queue/ID   tmp/ID
 *	   -	     -	    not ours: the caller still has the message
 *	   -	     +	    being written (without O_TMPFILE); removed later
 *	   +	     -	    complete, and synced before it was linked
 *
 * true is returned only after the directory has been synced as well.  Until
 * then, the entry is locked, so that an entry that is refused in the end has
 * not been sent by a queue run.
 *
 * An entry that replaces another one is written to tmp/, and renamed: queue/ID
 * is either the old entry or the new one, never both.
 */
#ifndef QUEUE_COMMIT_H
#define QUEUE_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "util/failure.h"

/* All pointers are borrowed. */
struct spool_submission {
	enum spool_dir	 dir;	/* or SPOOL_FAILED */
	const struct envelope	*envelope;
	const struct message	*message;
	const struct outcome	*outcomes;	/* NULL: no attempt yet */
	const char		*reason;	/* NULL: the text of the last
						 * outcome that is not
						 * OUTCOME_DELIVERED */
	unsigned		 attempts;	/* made so far */
	unsigned		 asked;		/* those in which a server was
						 * asked */
	int64_t			 next;		/* attempt, in seconds since
						 * the epoch */
	bool			 held;
	bool			 collected;	/* it waits for a digest */
	const char		*digest;	/* NULL, or it is a digest: as
						 * in struct envelope_file */
	uint32_t		 uid;		/* the user who submitted it */
	const char		*caller;	/* the name of this user, or
						 * NULL */
	const char		*replaces;	/* NULL, or the ID of an entry
						 * in .dir whose lock this
						 * process holds: the new one
						 * takes its place and its
						 * ID */
	int			*keep;		/* receives the locked
						 * descriptor of the entry, for
						 * entry_take(); or NULL */
};

/*
 * Returns false and keeps nothing with EX_TEMPFAIL (no space, the limit of the
 * spool, no descriptor), EX_CANTCREAT (no permission, read-only, file size
 * limit), EX_IOERR, or EX_DATAERR (an envelope beyond the limits of
 * envelope_file.h, a header that could not be read again).
 */
bool	spool_commit(struct spool *, const struct spool_submission *,
	    char id[ID_SIZE], struct failure *why);

/*
 * Writes the message and its envelope in the format of an entry to an empty
 * file without a name, for another process (entry_adopt()).  Nothing is
 * flushed: the file is not in the queue.  Returns false with the status that
 * spool_commit() has for the same error.
 */
bool	spool_write(const struct spool_submission *, int fd,
	    struct failure *why);

#endif
