/*
 * mailq.h - list the queue in the layout of Postfix's mailq
 *
 * People know that layout, and programs parse it: the queue ID, followed by *
 * if the message is being sent or ! if it is held, the size, the arrival time
 * and the sender; then the last reply and the recipients that it concerns.
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

/* mailq and -bp; -bP prints only the number of entries. */
int	mailq(const struct options *, const struct config *,
	    const struct log *);
int	mailq_count(const struct options *, const struct config *,
	    const struct log *);

/* Prints the list for a spool that is open. */
bool	mailq_print(struct spool *, struct failure *why);

/*
 * Calls each() for every file of a directory of the spool, the oldest first.
 * A file that cannot be read as an entry is passed as NULL, with the reason.
 * Nothing is changed.
 */
bool	mailq_each(struct spool *, enum spool_folder,
	    void (*each)(void *, const struct spool_item *,
		const struct entry *, const struct failure *why),
	    void *context, struct failure *why);

#endif
