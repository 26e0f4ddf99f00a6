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

#include "cli/options.h"
#include "cli/queue_source.h"
#include "config/config.h"
#include "util/failure.h"
#include "util/log.h"

/*
 * mailq and -bp print the list, postqueue -j prints it as JSON (queue_json.h),
 * and -bP prints only the number of entries.  Each returns the exit status.
 */
int	mailq(const struct options *, const struct config *,
	    const struct log *);
int	mailq_json(const struct options *, const struct config *,
	    const struct log *);
int	mailq_count(const struct options *, const struct config *,
	    const struct log *);

/*
 * Prints the list and, if with_failed is set, the number of messages in failed/
 * unless it is zero.  Returns false, with why, if the queue cannot be read.
 */
bool	mailq_print(struct queue_source *, bool with_failed,
	    struct failure *why);

/*
 * Prints the entries that were given up in the same layout, with the time, and
 * how to release them.
 */
bool	mailq_print_failed(struct queue_source *, struct failure *why);

#endif
