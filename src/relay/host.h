/*
 * host.h - hands a message to one smarthost
 *
 * To the one that the relay has chosen (.host, reached at .at), over the
 * session that is open or a new one.
 */
#ifndef RELAY_HOST_H
#define RELAY_HOST_H

#include "relay/relay.h"

enum host_result {
	HOST_DONE,		/* each forward-path has an outcome */
	HOST_AGAIN,		/* this session is over, but a new one with
				 * the same host will get further */
	HOST_UNUSABLE,		/* another smarthost may do better: see why */
	HOST_GAVE_UP,		/* nor would another one, or it must not be
				 * asked any more: see why */
};

/*
 * A host is unusable that can't be reached, greets with a refusal, does not
 * come to terms about TLS or turns our credentials down, and one that breaks
 * off before any of the message was sent to it.  What it says to a sender, a
 * recipient or a message is an answer.
 */
enum host_result host_send(struct relay *, const struct envelope *,
	    const struct message *, struct outcome *outcomes,
	    struct failure *why);

/* Closes the session, if there is one. */
void	host_leave(struct relay *);

#endif
