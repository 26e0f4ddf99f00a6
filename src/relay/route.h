/*
 * route.h - which forward-paths travel together
 *
 * A section [to] may name another smarthost, other credentials, another
 * timeout for some of a message's recipients.  Those for whom the same
 * sections count form a route, and each route is one transaction.
 */
#ifndef RELAY_ROUTE_H
#define RELAY_ROUTE_H

#include <stddef.h>

#include "config/config.h"
#include "mail/envelope.h"
#include "mail/outcome.h"

struct route {
	struct config_subject	 subject;	/* borrows from the envelope */
	struct config_view	 view;
	struct envelope		 envelope;	/* its paths are the whole
						 * envelope's; null_sender
						 * stands in where it must */
	const size_t		*place;		/* where each stood there; NULL:
						 * in the same place */
};

struct routes {
	struct route	*route;		/* owned */
	size_t		 n;
	size_t		*places;	/* owned, with the next */
	struct forward_path *paths;
};

/*
 * Routes for the forward-paths whose outcome is OUTCOME_WAITING, in the order
 * of the first of each; without a section [to] that is one for all of them.
 * In n log n.  The envelope must outlive them.
 */
void	routes_find(struct routes *, const struct config *,
	    const char *user, const struct envelope *,
	    const struct outcome *);

void	routes_free(struct routes *);

#endif
