/*
 * spool_config.h - open the queue that the configuration names
 */
#ifndef SUBMIT_SPOOL_CONFIG_H
#define SUBMIT_SPOOL_CONFIG_H

#include "config/config.h"
#include "mail/message.h"
#include "queue/retry.h"
#include "queue/spool.h"
#include "util/failure.h"
#include "util/sandbox.h"

enum spool_config {
	SPOOL_CONFIG_OPEN,
	SPOOL_CONFIG_OFF,	/* queue = off */
	SPOOL_CONFIG_NONE,	/* the key queue is not set, and the default
				 * directory cannot be used */
	SPOOL_CONFIG_BROKEN,	/* the directory in the key queue cannot be
				 * used */
};

/*
 * Opens the spool to commit messages.  Creates it if the key queue or
 * smarthost is set.  If the result is not SPOOL_CONFIG_OPEN, the spool is
 * closed, and *why has the reason with the line of the configuration and the
 * exit status for a message that cannot be queued.
 */
enum spool_config spool_config_open(struct spool *, const struct config *,
	    struct failure *why);

/*
 * Opens the spool to read or run the queue, and does not create it.  If the
 * queue is disabled or does not exist, why->status is EX_OK, but not if it has
 * lost a subdirectory.
 */
enum spool_config spool_config_find(struct spool *, const struct config *,
	    struct failure *why);

/*
 * The same for a caller that itself names the directory and the line of the
 * configuration: *why has only the reason.  If the queue has lost a
 * subdirectory, why->status is EX_OK: see spool_config_is_new().
 */
enum spool_config spool_config_examine(struct spool *, const struct config *,
	    struct failure *why);

/*
 * As spool_is_new(), if why->status is EX_OK after one of these two functions.
 * In either case, *why has the text to print about the directory.
 */
bool	spool_config_is_new(const struct config *, struct failure *why);

/*
 * Directories for the unnamed files of large messages (struct message_limits):
 * the spool if it is open, $TMPDIR and /tmp.  The list ends with NULL, and the
 * names are borrowed.
 */
struct spill_directories {
	const char	*directory[4];
};

void	spool_config_spill(struct spill_directories *, const struct spool *);

/*
 * For a process that will enter the sandbox, where files can be created only
 * in the spool.  Opens an unnamed file in the first directory outside the
 * spool where this is possible, and removes the directories outside the spool
 * from the list.  Returns false, with the list unchanged, if no directory
 * permits it.
 */
bool	spool_config_spare(struct message_spare *, struct spill_directories *,
	    const struct spool *);

/* The key queue_retry. */
void	spool_config_retry(struct retry_schedule *, const struct config *);

/* The sandbox of a process that writes only to the spool, which may be NULL. */
struct sandbox spool_config_sandbox(const struct spool *);

#endif
