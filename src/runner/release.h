/*
 * release.h - return an entry from failed/ to the queue
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
 * Queues the message again, with a new ID and a new lifetime, and removes the
 * entry, which must have been opened with ENTRY_WORK.  Failed recipients are
 * waiting in the new entry, and local names are replaced as in a new message
 * (submit/expand.h).  Recipients that are not valid addresses remain failed.
 *
 * Returns false, with why, and changes nothing if a local name still cannot be
 * resolved (EX_NOUSER, EX_CONFIG or EX_NOPERM, with the key to set), if no
 * recipient is a valid address (EX_DATAERR), or if the entry cannot be written
 * (as spool_commit()).  If only the old entry cannot be removed, returns false
 * too, and both exist.
 */
bool	release_failed(struct entry *, const struct config *,
	    const struct identity *, char id[ID_SIZE], struct failure *why);

#endif
