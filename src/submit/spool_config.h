/*
 * spool_config.h - the queue that the configuration names
 */
#ifndef SUBMIT_SPOOL_CONFIG_H
#define SUBMIT_SPOOL_CONFIG_H

#include "config/config.h"
#include "mail/message.h"
#include "queue/spool.h"
#include "util/failure.h"
#include "util/sandbox.h"

enum spool_config {
	SPOOL_CONFIG_OPEN,
	SPOOL_CONFIG_OFF,	/* queue = off */
	SPOOL_CONFIG_NONE,	/* queue is not set, and the default one can't be used */
	SPOOL_CONFIG_BROKEN,	/* the queue that is set can't be used */
};

/*
 * Makes what is missing of the spool.  For all but SPOOL_CONFIG_OPEN the spool is a
 * closed one, and why says what is in the way and where it was set; its status
 * is the one for a message that has to be kept.
 */
enum spool_config spool_config_open(struct spool *,
	    const struct config *, struct failure *why);

/*
 * Directories for large messages, for message_limits: the open spool, $TMPDIR
 * and /tmp.  All borrowed.
 */
struct spill_directories {
	const char	*directory[4];
};

void	spool_config_spill(struct spill_directories *, const struct spool *);

/*
 * For a process in the sandbox, which can make files in the spool only.
 * Opens an unnamed file in the first directory outside the spool that takes
 * one, and leaves these out of the list; false if none does, and all stay.
 */
bool	spool_config_spare(struct message_spare *, struct spill_directories *,
	    const struct spool *);

/* The sandbox of a process that may write to the queue; NULL: to no file. */
struct sandbox spool_config_sandbox(const struct spool *);

/*
 * For who only asks what is there: makes nothing.  For a spool that was never
 * made, as for one that is off, why->status is EX_OK.
 */
enum spool_config spool_config_find(struct spool *,
	    const struct config *, struct failure *why);

#endif
