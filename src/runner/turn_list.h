/*
 * turn_list.h - the entries of a queue run that wait for their turn
 *
 * If the key pace holds an entry back, its worker goes on with the other
 * entries, which may be for another smarthost.  When all have been tried, those
 * that wait are sent one after another, each when its turn comes, until the
 * queue run has waited for .patience_ms.  The others stay in the queue for the
 * next run.
 *
 * The list is in memory that the workers share.  A worker that an attacker
 * controls can write anything to it.
 */
#ifndef RUNNER_TURN_LIST_H
#define RUNNER_TURN_LIST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runner/attempt.h"

/*
 * An entry of the run.  The turn, in two halves because not all machines have
 * atomic operations for 64 bits, is valid while the count is odd, and changes
 * only when it is even.
 */
struct turn {
	atomic_uint	 count;		/* odd: the entry waits */
	atomic_uint	 high, low;	/* microseconds since the epoch */
};

/* Zeroed, it has no entries, and none can be added. */
struct turn_list {
	struct turn	*turn;		/* of each entry of the run */
	size_t		 n;
	int64_t		 end_ms;	/* clock_ms(): no longer */
	int		 stop[2];	/* a pipe, closed at the end */
};

/* An entry that was taken. */
struct turn_list_entry {
	size_t	index;
	int64_t	turn_us;
};

/* For a queue run with n entries.  If this fails, no entry can be added. */
void	turn_list_begin(struct turn_list *, size_t n, int64_t patience_ms);

/* Call this in each worker process. */
void	turn_list_begin_worker(struct turn_list *);

/*
 * Returns false if the turn of the entry does not come in this queue run; 0 is
 * no turn.
 */
bool	turn_list_add(struct turn_list *, const struct turn_list_entry *);

/* Takes the entry whose turn comes first; false if there is none. */
bool	turn_list_take(struct turn_list *, struct turn_list_entry *);

bool	turn_list_is_empty(const struct turn_list *);

enum turn_list_answer {
	TURN_LIST_CAME,		/* the turn has come */
	TURN_LIST_LATE,		/* it comes after the end of this queue run */
	TURN_LIST_LEFT,		/* one worker is enough to wait, so the entry is
				 * left to another one; .may_leave() agreed */
	TURN_LIST_STOPPED,	/* the queue run ends now */
};

/* Waits for the turn of an entry, without a connection if it takes long. */
enum turn_list_answer turn_list_wait(struct turn_list *,
	    const struct turn_list_entry *, struct attempt_worker *);

/* In the parent process: ends all waits. */
void	turn_list_stop(struct turn_list *);

void	turn_list_end(struct turn_list *);

#endif
