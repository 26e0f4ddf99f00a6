/*
 * expand.h - replace the recipients of a message with their final addresses
 *
 * Each local name is replaced with its addresses (submit/local_names.h).
 * redirect_all replaces every recipient; always_bcc adds one.  The result has
 * no duplicates, and no local names except those that cannot be resolved.
 */
#ifndef SUBMIT_EXPAND_H
#define SUBMIT_EXPAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mail/envelope.h"
#include "mail/outcome.h"
#include "mail/recipients.h"
#include "submit/local_names.h"
#include "util/failure.h"

/* All pointers are borrowed. */
struct expand_options {
	struct local_names	*local_names;
	const struct recipients	*bad;		/* its .bad are added and
						 * fail; or NULL */
	const char		*redirect;	/* redirect_all, or NULL */
	const char		*bcc;		/* always_bcc, or NULL */
	uint64_t		 max;		/* recipients; 0: no limit */
};

/*
 * The new forward-paths of each given forward-path, for protocols that reply
 * to each recipient.  The new forward-paths of the i-th one are to[first[i]]
 * to to[first[i + 1] - 1].
 */
struct expand_map {
	size_t	 n;		/* given forward-paths */
	size_t	*first;		/* owned; n + 1 indexes into .to */
	size_t	*to;		/* owned; indexes of new forward-paths */
};

/*
 * Replaces the forward-paths of the envelope, which must not contain duplicates
 * if the map is NULL.  NOTIFY and ORCPT of a given forward-path are copied to
 * its new forward-paths.
 *
 * *outcomes, freed by the caller, has one element for each new forward-path:
 * OUTCOME_WAITING, or OUTCOME_FAILED for each bad recipient and for a local
 * name that cannot be resolved, which stays in the envelope as it was given.
 *
 * Returns false, with why, if no recipient remains: the status is that of the
 * first failure (EX_NOUSER, EX_CONFIG, EX_NOPERM; EX_DATAERR for a bad
 * recipient), and the text has the first few reasons.  If there are too many
 * recipients, the status is EX_USAGE.
 */
bool	expand_recipients(const struct expand_options *, struct envelope *,
	    struct outcome **outcomes, struct expand_map *,
	    struct failure *why);

/*
 * The outcome with the highest rank (mail/outcome.h) among those of the new
 * forward-paths of the i-th given forward-path.
 */
const struct outcome *expand_map_worst(const struct expand_map *,
	    const struct outcome *, size_t i, bool queued);

void	expand_map_free(struct expand_map *);

#endif
