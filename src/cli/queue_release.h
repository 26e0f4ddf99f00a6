/*
 * queue_release.h - relais queue release
 *
 * Prints the new IDs of messages that were given up.  For a user who cannot use
 * the spool, the service releases those that this user has submitted.
 */
#ifndef CLI_QUEUE_RELEASE_H
#define CLI_QUEUE_RELEASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/options.h"
#include "cli/queue_source.h"
#include "config/config.h"
#include "queue/entry.h"
#include "util/failure.h"
#include "util/log.h"

/* All pointers are borrowed. */
struct queue_release {
	const struct config	*config;
	const struct log	*log;
	enum error_mode		 errors;
	struct queue_source	*queue;

	/* What queue_release_selected() releases. */
	bool			 held;		/* not only what was given up */
	int64_t			 since_s;	/* given up so many seconds ago
						 * or later; 0: at any time */
	const char		*recipient;	/* part of an address, or
						 * NULL */
};

/* An entry of the spool that was opened with ENTRY_WORK. */
bool	queue_release_entry(const struct queue_release *, struct entry *,
	    struct failure *why);

/* An entry of the service. */
bool	queue_release_by_service(const struct queue_release *, const char *id,
	    struct failure *why);

/*
 * Releases all selected entries, prints their number, and reports each entry
 * that cannot be released.  Returns the status of the last failure, or EX_OK.
 */
int	queue_release_selected(const struct queue_release *);

#endif
