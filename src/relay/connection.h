/*
 * connection.h - hands a message to one smarthost
 *
 * To the one that the relay has chosen (.host, reached at .at), over the
 * session that is open or a new one.
 */
#ifndef RELAY_CONNECTION_H
#define RELAY_CONNECTION_H

#include "relay/relay.h"

/* One route's part of a message, on its way. */
struct handing {
	const struct envelope	*env;
	const struct message	*message;
	struct outcome		*outcomes;
	const size_t		*place;		/* as in struct route */
	struct outcome		*all;		/* the message's, if there are
						 * places */
	struct failure		 why;		/* of all that were tried */
	bool			 over;
	bool			 unasked;	/* no server heard of it */
	bool			 away;		/* or all wanted no more */
};

enum host_result {
	HOST_DONE,		/* each forward-path has an outcome */
	HOST_AGAIN,		/* this session is over, but a new one with
				 * the same host will get further */
	HOST_UNUSABLE,		/* another smarthost may do better: see why */
	HOST_GAVE_UP,		/* nor would another one, or it must not be
				 * asked any more, or the relay's watch or a
				 * signal stops it: see why */
};

/*
 * A host is unusable that can't be reached, greets with a refusal, does not
 * come to terms about TLS or turns our credentials down, and one that breaks
 * off before any of the message was sent to it.  What it says to a sender, a
 * recipient or a message is an answer.
 */
enum host_result host_send(struct relay *, const struct handing *,
	    struct failure *why);

/* Closes the session, if there is one. */
void	host_leave(struct relay *);

#endif
