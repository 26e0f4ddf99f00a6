/*
 * early_entry.h - an entry in the queue while an attempt takes long
 *
 * If an attempt has not ended after five seconds, the message is written to the
 * queue ahead of its outcome, so that it is not lost if the process is killed.
 * The entry is locked until the attempt ends; no queue run takes it.
 *
 * The state of the entry after a crash:
 *
 *	no session was open		due after the first retry delay
 *	a session was open		in doubt, due after an hour
 *	after each transaction		the outcomes are recorded
 *
 * An attempt that ends earlier writes nothing and makes no system call for
 * this.
 */
#ifndef SUBMIT_EARLY_ENTRY_H
#define SUBMIT_EARLY_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "queue/entry.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "relay/relay.h"
#include "util/log.h"

/* The caller sets the members up to .caller, which are borrowed. */
struct early_entry {
	struct spool		*spool;
	struct relay		*relay;
	const struct log	*log;
	const struct envelope	*envelope;
	const struct message	*message;
	const struct outcome	*outcomes;	/* as the attempt sets them */
	uint32_t		 uid;
	const char		*caller;

	struct entry		*entry;		/* owned; NULL: not written */
	bool			 in_doubt;	/* the message may have been
						 * sent */
	struct relay_callbacks	 callbacks;
};

/*
 * Call this before relay_send().  If another process makes the attempt, call
 * the callbacks of .relay as relay_send() does, and interrupt_limit_wait()
 * during the attempt.
 */
void	early_entry_begin(struct early_entry *);

/* Call this after the attempt: the entry is not written any more. */
void	early_entry_stop(struct early_entry *);

/*
 * For deferred forward-paths, if the entry was written: records all outcomes
 * and the next attempt, which is due at once unless one was made, releases the
 * entry, and sets id.  Otherwise, returns false.
 */
bool	early_entry_keep(struct early_entry *, bool attempted,
	    char id[ID_SIZE]);

/* Releases the entry, whose place another one has taken. */
void	early_entry_leave(struct early_entry *);

/* Removes the entry, also on the disk, if it was written and is not kept. */
void	early_entry_remove(struct early_entry *);

#endif
