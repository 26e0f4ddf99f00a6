/*
 * mailq.h - list the queue in the layout of Postfix's mailq
 *
 * Administrators know this layout, and programs parse it: the queue ID,
 * followed by * if the message is being sent or ! if it is held, the size, the
 * arrival time and the sender; then each reply with its recipients.
 */
#ifndef CLI_MAILQ_H
#define CLI_MAILQ_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "config/config.h"
#include "queue/entry.h"
#include "queue/spool.h"
#include "submit/spool_config.h"
#include "util/failure.h"
#include "util/log.h"

/*
 * mailq and -bp print the list, -bP only the number of entries.  Each returns
 * the exit status.
 */
int	mailq(const struct options *, const struct config *,
	    const struct log *);
int	mailq_count(const struct options *, const struct config *,
	    const struct log *);

/* Prints the list of an open spool. */
bool	mailq_print(struct spool *, struct failure *why);

/*
 * Calls each() for every file in a directory of the spool, the oldest first.
 * If a file cannot be read as an entry, the entry is NULL and why says why.
 * Changes nothing.  Returns false, with why, if the directory cannot be read.
 */
bool	mailq_each(struct spool *, enum spool_folder,
	    void (*each)(void *, const struct spool_item *,
		const struct entry *, const struct failure *why),
	    void *context, struct failure *why);

#endif
