/*
 * deliver.h - one message to where it is safe: the smarthost, or the queue
 *
 * The caller waits while an attempt is made.  What the smarthost took is
 * gone; what it put off goes into the queue, with what has been delivered
 * already, and is on disk when this returns; what it refused is told, and a
 * copy kept in failed/ for whoever did not read that.
 */
#ifndef SUBMIT_DELIVER_H
#define SUBMIT_DELIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/message.h"
#include "mail/outcome.h"
#include "queue/id.h"
#include "queue/spool.h"
#include "relay/relay.h"
#include "util/failure.h"

/* All borrowed. */
struct delivery {
	struct relay		*relay;		/* begun, and confined if
						 * deliver_tries() */
	struct spool		*queue;		/* NULL: there is none */
	const struct failure	*no_queue;	/* why it can't be used; NULL: it
						 * is open or off */
	bool			 queue_is_set;	/* the caller relies on it */
	const struct envelope	*envelope;
	const struct message	*message;
	uint32_t		 uid;		/* who brought it */
	const char		*caller;	/* the same as a name, or NULL */
	bool			 untried;	/* into the queue, if it is open
						 * or set, without an attempt */
};

/* Where it is now; "" where it is not. */
struct delivered {
	char	queued[ID_SIZE];
	char	failed[ID_SIZE];
};

/* False: the message is only queued, and no server is asked. */
bool	deliver_tries(const struct delivery *);

/*
 * Gives every forward-path that is OUTCOME_WAITING another outcome.  A
 * deferred one is ours if there is a name in .queued, and still the caller's
 * if not: its status and its text then say what kept it out of the queue.
 */
void	deliver(const struct delivery *, struct outcome *outcomes,
	    struct delivered *);

#endif
