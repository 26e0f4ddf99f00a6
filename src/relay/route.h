/*
 * route.h - divide the forward-paths of a message into routes
 *
 * A section [to] can set another smarthost, other credentials or another
 * timeout for some recipients of a message.  The forward-paths to which the
 * same sections apply form a route, and each route is one transaction.
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
	struct envelope		 envelope;	/* borrows its paths; the
						 * reverse-path is null_sender
						 * if that applies, and
						 * REQUIRETLS is set if the key
						 * requiretls says so */
	const size_t		*place;		/* index of each forward-path in
						 * the whole envelope; NULL: the
						 * same index */
};

struct route_list {
	struct route	*route;		/* owned */
	size_t		 n;
	size_t		*places;	/* owned, for the routes */
	struct forward_path *paths;	/* owned, for the routes */
};

/*
 * Fills in the routes of the forward-paths whose outcome is OUTCOME_WAITING,
 * in the order of their first forward-paths.  If the configuration has no
 * section [to], the only route contains the whole envelope.  Takes O(n log n).
 * The envelope must outlive the routes.
 */
void	route_list_make(struct route_list *, const struct config *,
	    const char *user, const struct envelope *,
	    const struct outcome *);

void	route_list_free(struct route_list *);

#endif
