/*
 * spool_state.h - facts about the smarthosts and the spool that queue runs keep
 *
 * DIR/state is a small text file with a record for each login (a smarthost, as
 * configured, and the user there) and one for the spool:
 *
 *	relais-state 1
 *	since 1763760000
 *	smarthost submission://mail.example.org:587 alerts%40example.org
 *		trouble 3
 *		trouble_since 1763763600
 *		trouble_text 535%205.7.8%20Authentication%20failed
 *	end
 *
 * Each fact is a member of a struct below and a row of a table in
 * spool_state.c.  A fact that is 0 or "" is not written, an unknown fact is
 * ignored.  All times are seconds since the epoch unless the name ends in _us,
 * and can be in the future if the clock was set back.
 *
 * Mail does not depend on the file: a missing or invalid one has no facts, and
 * it is not synced.  It is replaced atomically, under a lock, so that processes
 * that add to a number at the same time do not lose anything:
 *
 *	spool_state_open(&state, spool, now, &why);
 *	host = spool_state_host(&state, url, user);
 *	host->trouble_count += n;
 *	spool_state_close(&state, &why);
 *
 * Keep it open only for such changes: other processes wait for it.  A message
 * that is delivered while the caller waits, without the service, does not touch
 * the file.
 */
#ifndef QUEUE_SPOOL_STATE_H
#define QUEUE_SPOOL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/spool.h"
#include "util/buffer.h"
#include "util/failure.h"

/* If there are more, the record that was least recently changed is dropped. */
enum { SPOOL_STATE_HOSTS_MAX = 64 };

/* Why no message can be sent to a smarthost. */
enum spool_trouble {
	SPOOL_TROUBLE_NONE,
	SPOOL_TROUBLE_CONNECT,	/* it cannot be reached */
	SPOOL_TROUBLE_TLS,	/* TLS fails, such as its certificate */
	SPOOL_TROUBLE_LOGIN,	/* it refuses the credentials */
	SPOOL_TROUBLE_CONFIG,	/* a setting or a file with a secret is wrong */
	SPOOL_TROUBLE_BUSY,	/* it replies 421, or 4xx to MAIL */
	SPOOL_TROUBLES
};

/* Whether it lasts until an administrator corrects it. */
bool	spool_trouble_lasts(int64_t trouble);

struct spool_state_host {
	char	url[320];	/* smarthost_write() */
	char	user[320];	/* "": none */

	/* submit/login_backoff.h */
	int64_t	trouble;	/* enum spool_trouble */
	int64_t	trouble_since;
	int64_t	trouble_at;	/* the last attempt */
	int64_t	trouble_count;	/* attempts since then that failed */
	int64_t	not_before;	/* no attempt is made earlier; 0: any time */
	int64_t	config_us;	/* when the configuration of that attempt was
				 * changed last (config/changed.h) */
	char	trouble_text[512];	/* the last failure */

	/* queue/turn.h; microseconds since the epoch */
	int64_t	pace_us;	/* of the messages sent so far */
	int64_t	pace_promised_us;	/* the last turn */
};

struct spool_state {
	int64_t	since;		/* when the file was started; 0: never */

	int64_t	resumed;	/* when a smarthost accepted the login again; 0:
				 * a queue run has tried all entries since */

	/* The entry that was given up last, whether or not it was bounced. */
	int64_t	given_up_at;
	int64_t	given_up;	/* entries, since the file was started */
	char	given_up_text[512];

	/* runner/alarm.h */
	int64_t	alarm;		/* what has been reported: a bit for each */
	int64_t	alarm_since;
	int64_t	alarm_tried;	/* when the command was started last */
	int64_t	alarm_next;	/* no old entry is a problem before this time,
				 * unless it is released; 0: not known */
	int64_t	given_up_told;	/* .given_up_at that was reported last */

	struct spool_state_host	*host;	/* owned; the one that was changed last
					 * comes first */
	size_t			 n_hosts;

	bool		 invalid;	/* the file has no facts */

	/* Private. */
	struct spool	*spool;		/* borrowed; NULL: not to be changed */
	int		 fd;
	struct buffer	 before;	/* the file */
};

/*
 * Reads the file, without a lock.  Call spool_state_free() afterwards, in any
 * case.
 */
void	spool_state_read(struct spool_state *, const struct spool *);

/*
 * Locks and reads the file.  Returns false, with why, if it cannot be locked
 * and changed (a read-only file system, no space, another user's lock); the
 * facts can then be read, and changes are lost.  Call spool_state_close()
 * afterwards, in any case.
 */
bool	spool_state_open(struct spool_state *, struct spool *, int64_t now,
	    struct failure *why);

/*
 * Returns the record of a login, which is added if it is new, to change it.
 * user may be NULL.  Valid until the next call.
 */
struct spool_state_host *spool_state_host(struct spool_state *,
	    const char *url, const char *user);

/* Returns the record of a login, or NULL. */
const struct spool_state_host *spool_state_find(const struct spool_state *,
	    const char *url, const char *user);

/*
 * Writes the changes, if there are any, releases the lock and frees the facts.
 * Returns false, with why, if the changes cannot be written.
 */
bool	spool_state_close(struct spool_state *, struct failure *why);

void	spool_state_free(struct spool_state *);

#endif
