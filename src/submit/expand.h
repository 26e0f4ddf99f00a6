/*
 * expand.h - the forward-paths that were said, as those that mail goes to
 *
 * Local names become what the directory says, redirect_all takes the place
 * of all, always_bcc joins them; what is left is foreign, and unique.
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

struct expand_options {
	struct local_names	*local_names;
	const struct recipients	*bad;		/* NULL: none; the others in
						 * it do not matter */
	const char		*redirect;	/* NULL: none */
	const char		*bcc;		/* NULL: none */
	uint64_t		 max;		/* recipients, 0: any */
};

/*
 * Where each of the forward-paths led that were said: a protocol that wants
 * an answer for each of them can give it.
 */
struct expand_map {
	size_t	 n;		/* of those */
	size_t	*first;		/* owned; n + 1 places in .to */
	size_t	*to;		/* owned; places in the envelope */
};

/*
 * Replaces the envelope's forward-paths, keeping their notices and ORCPT.
 * *outcomes, to be freed by the caller, has OUTCOME_FAILED for a local name
 * that map nowhere, which then stands in the envelope as it was said, and
 * for each bad recipient.  map may be NULL.
 *
 * False, with the exit status of the first and the reasons of all, if there is
 * no other one (EX_NOUSER, EX_CONFIG, EX_NOPERM; EX_DATAERR for a bad
 * recipient), or with EX_USAGE if there are too many.
 */
bool	expand_recipients(const struct expand_options *, struct envelope *,
	    struct outcome **outcomes, struct expand_map *, struct failure *why);

/*
 * The outcome that decides (mail/verdict.h) among those that the i-th one led
 * to.
 */
const struct outcome *expand_map_worst(const struct expand_map *,
	    const struct outcome *, size_t i, bool queued);

void	expand_map_free(struct expand_map *);

#endif
