/*
 * storm.h - groups of similar messages, and how many of each were sent lately
 *
 * Messages of the same user from the same sender to the same recipients are a
 * group.  DIR/storm counts the messages of each group in its current period,
 * which begins with the first message.  Messages beyond a limit are kept in the
 * queue until the end of the period: their entries are collected
 * (queue/envelope_file.h) and sent together, in a digest (runner/collect.h).
 *
 * The file has a fixed size.  Each group has a place in one of its buckets; in a
 * full bucket, it replaces the group whose period began first.  Mail does not
 * depend on the file: it is not synced, and without it, messages are counted
 * from 1 again.
 */
#ifndef QUEUE_STORM_H
#define QUEUE_STORM_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/outcome.h"
#include "queue/spool.h"
#include "util/buffer.h"
#include "util/failure.h"

enum { STORM_SIZE_MAX = 256 * 1024 };	/* of a message that is collected */

/*
 * Appends a text that is the same for all messages of a group.  Only the
 * forward-paths whose outcome is OUTCOME_WAITING are in the group; the order of
 * the forward-paths and the case of domains make no difference.
 */
void	storm_key(struct buffer *, uint32_t uid, const struct envelope *,
	    const struct outcome *);

/* A message to be counted, and its limit. */
struct storm_message {
	uint32_t	 uid;
	const char	*key;		/* borrowed */
	uint64_t	 limit;		/* messages in */
	int64_t		 period;	/* seconds */
};

/*
 * Counts the message.  Sets *until to the end of the period if the message is
 * beyond the limit, else to 0.  Returns false, with why and *until = 0, if it
 * cannot be counted.
 */
bool	storm_count(struct spool *, const struct storm_message *, int64_t now,
	    int64_t *until, struct failure *why);

/* Whether a message was counted in this spool, so entries may be collected. */
bool	storm_was_used(const struct spool *);

#endif
