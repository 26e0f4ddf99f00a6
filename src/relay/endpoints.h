/*
 * endpoints.h - the endpoints of a route, in the order in which they are tried
 *
 * The smarthosts are tried in the order of the setting.  A smarthost with +srv
 * (RFC 6186) or +mx (RFC 5321 section 5.1) is replaced by the targets of its
 * DNS records, in the order of their priority.  A name is looked up only if the
 * endpoints before it have been tried.  The endpoint of an open session comes
 * before all others.
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
	int64_t			 lookup_ms;	/* the limit of the lookups;
						 * 0: none is set */
	struct smarthost_list	 smarthosts;
	size_t			 next;		/* in smarthosts */
	size_t			 next_target;	/* in targets */
	bool			 repeat_last;	/* the endpoint found last is
						 * next */
	struct lookup_targets	 targets;	/* of smarthost */
};

enum endpoints_result {
	ENDPOINTS_FOUND,
	ENDPOINTS_LOOKUP_FAILED,	/* with why, which names the line of
					 * the setting; others may follow */
	ENDPOINTS_END,
};

/*
 * Begins with the first smarthost that is configured for the subject, and sets
 * .lookup_ms to the key timeout.  Returns false with why (EX_CONFIG) if none is
 * configured.
 */
bool	endpoints_begin(struct endpoints *, const struct config *,
	    const struct config_subject *, struct failure *why);

/* Begins with the first smarthost of a setting; .lookup_ms stays. */
bool	endpoints_begin_with(struct endpoints *, const struct setting *,
	    struct failure *why);

/*
 * Begins again with the endpoint found last, followed by all endpoints in
 * order.  For a route with the settings of endpoints_begin(), while a session
 * with the endpoint found last is open.
 */
void	endpoints_begin_with_last(struct endpoints *);

enum endpoints_result endpoints_next(struct endpoints *, struct failure *why);

void	endpoints_free(struct endpoints *);

#endif
