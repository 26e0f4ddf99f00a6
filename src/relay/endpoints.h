/*
 * endpoints.h - the endpoints of a route, in the order in which they are tried
 *
 * The endpoints are the smarthosts in the order of the setting; for a
 * smarthost with +srv (RFC 6186) or +mx (RFC 5321 section 5.1), the targets
 * of its DNS records by priority.  A name is looked up only when its turn
 * comes.  The endpoint of a session that is still open comes before all
 * others.
 */
#ifndef RELAY_ENDPOINTS_H
#define RELAY_ENDPOINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "config/smarthost.h"
#include "net/connect.h"
#include "net/lookup.h"
#include "util/failure.h"

struct endpoints {
	/* The endpoint found last; valid until the next call. */
	const struct smarthost_url	*smarthost;	/* NULL: none yet */
	struct endpoint		 at;

	const char		*origin;	/* of the setting; borrowed */
	struct smarthost_list	 smarthosts;
	size_t			 next;		/* in smarthosts */
	size_t			 next_target;	/* in targets */
	bool			 once_more;	/* the one found last is next */
	struct lookup_targets	 targets;	/* of smarthost */
};

enum endpoints_result {
	ENDPOINTS_FOUND,
	ENDPOINTS_LOOKUP_FAILED,	/* see why, which names the line of
					 * the setting; others may follow */
	ENDPOINTS_END,
};

/*
 * Starts with the first smarthost that is configured for the subject.  False
 * with why (EX_CONFIG) if none is configured.
 */
bool	endpoints_begin(struct endpoints *, const struct config *,
	    const struct config_subject *, struct failure *why);

/*
 * Starts again, beginning with the endpoint found last.  For a route with the
 * settings of endpoints_begin(), while a session with that endpoint is open.
 */
void	endpoints_begin_with_last(struct endpoints *);

enum endpoints_result endpoints_next(struct endpoints *, struct failure *why);

void	endpoints_free(struct endpoints *);

#endif
