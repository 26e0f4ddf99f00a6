/*
 * expand.h - replace the recipients of a message with their real addresses
 *
 * A local name is replaced with the addresses that the aliases file, or the
 * key root or domain, gives for it (submit/local_names.h).  redirect_all
 * replaces every recipient; always_bcc adds one.  The result has no local
 * names and no duplicates.
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
	const struct recipients	*bad;		/* only its .bad is used: these
						 * fail; or NULL */
	const char		*redirect;	/* redirect_all, or NULL */
	const char		*bcc;		/* always_bcc, or NULL */
	uint64_t		 max;		/* recipients, 0: no limit */
};

/*
 * Which new forward-paths each given one was expanded to, for protocols that
 * reply to each recipient.
 */
struct expand_map {
	size_t	 n;		/* given forward-paths */
	size_t	*first;		/* owned; n + 1 indexes into .to: those of i
				 * are first[i] to first[i + 1] - 1 */
	size_t	*to;		/* owned; indexes of new forward-paths */
};

/*
 * Replaces the forward-paths of the envelope.  NOTIFY and ORCPT of a given
 * forward-path are copied to those that it is expanded to.
 *
 * *outcomes, freed by the caller, has one element for each new forward-path:
 * OUTCOME_WAITING, or OUTCOME_FAILED for a local name that cannot be resolved
 * (it stays in the envelope as it was given) and for each bad recipient.  The
 * map may be NULL.
 *
 * Returns false, with why, if no recipient remains: the status is that of the
 * first failure (EX_NOUSER, EX_CONFIG, EX_NOPERM; EX_DATAERR for a bad
 * recipient), and the text has the first few reasons.  EX_USAGE if there are
 * too many recipients.
 */
bool	expand_recipients(const struct expand_options *, struct envelope *,
	    struct outcome **outcomes, struct expand_map *,
	    struct failure *why);

/*
 * The outcome that decides (mail/outcome.h) among those of the forward-paths
 * that the i-th given one was expanded to.
 */
const struct outcome *expand_map_worst(const struct expand_map *,
	    const struct outcome *, size_t i, bool queued);

void	expand_map_free(struct expand_map *);

#endif
