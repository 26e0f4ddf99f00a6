/*
 * mailq.h - what is in the queue, as mailq prints it
 *
 * In Postfix's layout, which people know and programs look for: an entry's
 * name with * if it is being sent and ! if it is held, its size, when it came,
 * its sender; then those it waits for, each behind the last reply.
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

/* mailq, -bp; -bP. */
int	mailq(const struct options *, const struct config *,
	    const struct log *);
int	mailq_count(const struct options *, const struct config *,
	    const struct log *);

/* The list alone; false, with why, if there can be none. */
bool	mailq_print(struct spool *, struct failure *why);

/*
 * Calls each() for everything in a folder, in the order of age; what is no
 * entry comes as NULL, and why.  Nothing is changed.
 */
bool	mailq_each(struct spool *, enum spool_folder,
	    void (*each)(void *, const struct spool_item *,
		const struct entry *, const struct failure *why),
	    void *context, struct failure *why);

#endif
