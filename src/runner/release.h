/*
 * release.h - release an entry that is held, collected or given up
 *
 * An entry in failed/ can have local names among its recipients: those that
 * could not be resolved when the message was submitted.
 */
#ifndef RUNNER_RELEASE_H
#define RUNNER_RELEASE_H

#include <stdbool.h>

#include "config/config.h"
#include "config/identity.h"
#include "queue/entry.h"
#include "queue/id.h"
#include "util/failure.h"

/*
 * After the call, an entry in queue/ is neither held nor collected, and is due
 * at once; id is its name.  Returns false as collect_may_change() and
 * entry_hold() do.
 *
 * For an entry in failed/, queues the message again, with a new ID and a new
 * lifetime, and removes the entry.  Recipients that had failed are waiting in
 * the new entry, unless they are not valid addresses.  Local names are replaced
 * as in a new message (submit/expand.h).
 *
 * Returns false, with why, and changes nothing if a local name still cannot be
 * resolved (EX_NOUSER, EX_CONFIG or EX_NOPERM, with the key to set), if no
 * recipient is a valid address (EX_DATAERR), if the new entry cannot be written
 * (as spool_commit()), or if the old one cannot be removed.  If the new one
 * cannot be removed either, both exist, and why says so.
 *
 * The entry must have been opened with ENTRY_WORK.
 */
bool	release_entry(struct entry *, const struct config *,
	    const struct identity *, char id[ID_SIZE], struct failure *why);

#endif
