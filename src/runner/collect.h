/*
 * collect.h - replace collected entries by digests
 *
 * Collected entries (queue/storm.h) of the same group that are due become one
 * digest (submit/digest.h), or several if there are too many of them for one.
 * An entry that is alone is sent as it is.
 *
 * Nothing is lost or sent twice, whenever the process is killed:
 *
 *	messages	digest
 *	collected	-		locked and read
 *	collected	"storm"		committed; no queue run sends it
 *	removed		"storm"		the directory is synced
 *	removed		"ready"		is sent
 *
 * The digest contains the IDs of its messages, so that the next queue run can
 * complete it.
 */
#ifndef RUNNER_COLLECT_H
#define RUNNER_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "config/identity.h"
#include "queue/entry.h"
#include "queue/spool.h"
#include "util/failure.h"
#include "util/log.h"

/* All pointers are borrowed. */
struct collect_options {
	const struct config	*config;
	const struct identity	*me;
	const struct log	*log;
	struct spool		*spool;
	bool			 early;		/* all, whether due or not */
};

/*
 * Makes digests of the entries of queue/ in the list, in a process of its own,
 * because it reads the messages.  Returns whether the queue may have changed.
 * Errors are logged; the entries remain collected.  *bad is set to the number
 * of invalid entries that were moved to failed/, which have been recorded with
 * alarm_note_given_up().
 */
bool	collect_run(const struct collect_options *, const struct spool_list *,
	    int64_t now, size_t *bad);

/*
 * Whether an entry that was opened with ENTRY_WORK can be released, held or
 * dropped.  Returns false with EX_TEMPFAIL if it is collected, and a digest
 * that is not complete contains it, or if it is such a digest.
 */
bool	collect_may_change(const struct entry *, struct failure *why);

#endif
