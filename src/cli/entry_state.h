/*
 * entry_state.h - the state of an entry of the queue, and why it is not sent
 */
#ifndef CLI_ENTRY_STATE_H
#define CLI_ENTRY_STATE_H

#include <stddef.h>

#include "cli/collected.h"
#include "queue/entry.h"
#include "queue/lock_holder.h"

enum { ENTRY_STATE_REASON = 320 };	/* octets, including a NUL */

/* Facts that are determined once for a whole list.  Zeroed at first. */
struct entry_state {
	struct collected	collected;
	struct lock_holders	holders;
};

void	entry_state_free(struct entry_state *);

/* "waiting", "being sent", "held", "collected", "failed" */
const char *entry_state_word(const struct entry *);

/*
 * The name of Postfix's queue for this state: "active" while it is sent,
 * "hold", "incoming" before the first attempt, or "deferred", even if it is
 * collected; "failed" in failed/.
 */
const char *entry_state_queue(const struct entry *);

/* The state of one recipient: "waiting", "delivered", "failed". */
const char *entry_state_recipient(const struct outcome *);

/*
 * Writes why the entry is not sent at this moment, if the replies for its
 * recipients (entry_state_reply()) do not say it: it is being sent, held or
 * collected, the last attempt may have delivered it, nobody runs the queue.
 * Otherwise, writes "".  Returns to.
 */
char	*entry_state_reason(char to[ENTRY_STATE_REASON], const struct entry *,
	    struct entry_state *);

/*
 * The last reply or failure of the entry, and that for a forward-path.  Never
 * "": if none was recorded, says so, or that no attempt has been made.
 */
const char *entry_state_last(const struct entry *);
const char *entry_state_reply(const struct entry *, size_t i);

#endif
