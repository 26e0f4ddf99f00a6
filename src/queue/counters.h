/*
 * counters.h - what has become of the mail for each smarthost
 *
 * DIR/counters has a record for each login (a smarthost and the user there).
 * A record is changed in place, under a lock, by every process that has made an
 * attempt: this takes six system calls and waits for no disk.  A process that
 * is killed leaves the old or the new record; a power failure can lose the
 * changes of the last seconds.  Mail does not depend on the file: an invalid
 * record is ignored, and replaced.
 */
#ifndef QUEUE_COUNTERS_H
#define QUEUE_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/spool.h"

/* If there are more, the record of the oldest attempt is replaced. */
enum { COUNTERS_MAX = 64 };

/* Keep the numbers: they are in the file. */
enum counters_login {
	COUNTERS_LOGIN_UNKNOWN = 0,
	COUNTERS_LOGIN_ACCEPTED = 1,
	COUNTERS_LOGIN_REFUSED = 2,
};

/* A record of the file.  All times are in seconds since the epoch; 0: never. */
struct counters {
	char	mark[8];
	char	url[280];	/* of the smarthost, as configured */
	char	user[160];	/* or "" */
	int64_t	since;		/* when counting began */
	int64_t	delivered;	/* recipients since then */
	int64_t	deferred;	/* recipients, once for each attempt */
	int64_t	failed;		/* recipients */
	int64_t	last_success;
	int64_t	last_attempt;
	int64_t	login;		/* enum counters_login: the last result */
	int64_t	certificate_expiry;	/* of the certificate seen last */
};

/*
 * Adds .delivered, .deferred and .failed to the record of the login, and
 * replaces .login and .certificate_expiry unless they are 0.  .url must be
 * set.  The other members are set here.  If the file cannot be changed, nothing
 * is counted.
 */
void	counters_add(struct spool *, const struct counters *, size_t n,
	    int64_t now);

/*
 * Sets *list, which the caller frees, to the records, and returns their number.
 * The texts can be of any content.
 */
size_t	counters_read(struct counters **list, struct spool *);

#endif
