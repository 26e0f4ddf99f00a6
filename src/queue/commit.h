/*
 * commit.h - a message becomes an entry that no crash can lose
 *
 * A crash leaves one of these states and no other.
 *
 *	queue/ID   tmp/ID
 *	   -	     -	    not ours: the caller still has the message
 *	   -	     +	    being written (without O_TMPFILE); swept away later
 *	   +	     -	    whole, and its octets flushed before it was named
 *
 * True is returned only after the folder was flushed too.  Until then the
 * entry is locked, so that what is refused after all was sent by nobody.
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

/* All borrowed. */
struct spool_submission {
	enum spool_folder	 folder;	/* SPOOL_FAILED: kept, given up */
	const struct envelope	*envelope;
	const struct message	*message;
	const struct outcome	*outcomes;	/* NULL: nothing tried yet */
	const char		*reason;	/* NULL: the last that was not
						 * delivered tells it */
	unsigned		 attempts;	/* made so far */
	unsigned		 asked;		/* of those, as in struct
						 * envelope */
	int64_t			 next;		/* the next one, seconds */
	bool			 held;
	uint32_t		 uid;		/* who brought it */
	const char		*caller;	/* the same as a name, or NULL */
};

/*
 * False and nothing kept: EX_TEMPFAIL (no room, the spool's limit, no
 * descriptor), EX_CANTCREAT (no right, read-only, file size limit), EX_IOERR,
 * EX_DATAERR (an envelope beyond envelope_file.h's bounds, a header that could
 * not be read back).
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
