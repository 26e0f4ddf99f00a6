/*
 * alarm.h - tell the administrator that mail fails, by means other than mail
 *
 * Runs alarm_command once if the oldest waiting entry is older than
 * alarm_after, if a smarthost refuses the credentials, has a certificate that
 * is rejected or is configured wrongly, or if an entry was given up; once more
 * for another of these reasons; and once when none of them is left.  An entry
 * that was given up ceases to be a reason after an hour.  Held entries are not
 * a reason, and neither is an entry that is collected for a digest, unless the
 * digest has been due for longer than alarm_after.
 *
 * The command is run without a shell by the user who runs the queue, outside
 * the sandbox, and killed after 30 seconds.  The report is recorded after the
 * command has succeeded (queue/spool_state.h): if the command fails, or if this
 * process is killed before that, the next queue run starts the command again.
 * DIR/alarm is locked meanwhile, so that no other queue run starts the command.
 * If the spool cannot be written, the locked file is in
 * the directory of the socket, and the command is started at most once in each
 * interval of alarm_after.
 */
#ifndef RUNNER_ALARM_H
#define RUNNER_ALARM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "config/identity.h"
#include "queue/spool.h"
#include "util/log.h"

/* All pointers are borrowed. */
struct alarm_options {
	const struct config	*config;
	const struct identity	*me;
	const struct log	*log;
	struct spool		*spool;
};

/* At the end of a queue run.  Failures are logged. */
void	alarm_check(const struct alarm_options *, int64_t now);

/*
 * Records that entries were given up in a queue run, for the reason, also for
 * relais queue status.
 */
void	alarm_note_given_up(struct spool *, size_t entries, const char *reason,
	    int64_t now);

/*
 * Whether a queue run is needed for alarm_check(), even if no entry is due.
 * queue has the totals of the waiting entries.
 */
bool	alarm_is_due(const struct config *, const struct spool *,
	    const struct spool_totals *queue, int64_t now);

#endif
