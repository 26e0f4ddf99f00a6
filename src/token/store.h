/*
 * store.h - the file with a login: its tokens and how to renew them
 *
 * The file (config/token_file.h) consists of lines "key = value".  It has mode
 * 0600 and belongs to the owner of its directory: the user relais or another
 * user.  It is replaced as a whole: a new file is written and synced under the
 * name ".NAME.new", renamed, and the directory is synced.  After a crash, the
 * file has its old or its new content.
 *
 * Only the process that holds the lock, on ".NAME.lock", writes the file; it
 * must read the file again after it has got the lock.  Reading requires no
 * lock.  The time of ".NAME.lock" is that of the last login.
 */
#ifndef TOKEN_STORE_H
#define TOKEN_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "util/failure.h"

/* In the order of the file. */
enum store_key {
	STORE_PROVIDER,		/* "google", or the path of a file */
	STORE_TENANT,		/* of --tenant */
	STORE_ACCOUNT,		/* such as alice@example.org; the user of AUTH */
	STORE_GRANT,		/* "refresh_token" or "client_credentials" */
	STORE_TOKEN_ENDPOINT,	/* an https URL */
	STORE_CLIENT_ID,
	STORE_CLIENT_SECRET,	/* secret */
	STORE_CERTIFICATE,	/* the path of a PEM file */
	STORE_PRIVATE_KEY,	/* the path of its key, which signs JWTs in
				 * place of a client secret */
	STORE_SCOPE,
	STORE_LOGIN_AT,		/* seconds since the epoch, as all times */
	STORE_RENEWED,		/* when the access token was issued */
	STORE_EXPIRES,		/* when it expires */
	STORE_RENEWAL_BEGUN,	/* a request was sent then, and no reply was
				 * recorded: the server may have replaced the
				 * refresh token */
	STORE_RETRY_AT,		/* no renewal before this time: Retry-After */
	STORE_TROUBLE_AT,	/* when the last renewal failed; not set after
				 * success */
	STORE_TROUBLE,		/* the reason of this failure */
	STORE_REFRESH_TOKEN,	/* secret */
	STORE_ACCESS_TOKEN,	/* secret */
	STORE_KEYS
};

struct store {
	char	*name;		/* as given; for messages */
	char	*path;
	char	*base;		/* the last component of path */
	char	*value[STORE_KEYS];	/* owned and wiped, or NULL */
	int	 directory;	/* -1: does not exist */
	int	 lock;		/* -1: not held */
	int	 next;		/* the new file, -1: none */
};

/*
 * Finds the directory of the login.  As root, becomes the user who owns the
 * directory, irrevocably, before anything in it is opened: that user could
 * otherwise direct root to another file by a link.  *store must be closed after
 * a failure, too: EX_CONFIG, EX_NOPERM, EX_OSERR.
 *
 * create: the directories that are missing are created, with mode 0700.
 */
bool	store_open(struct store *, const char *name, bool create,
	    struct failure *why);

/*
 * Reads the file and replaces all values.  False with EX_CONFIG, and the
 * command for a new login, if the file does not exist or is damaged; EX_NOPERM
 * or EX_IOERR.
 */
bool	store_read(struct store *, struct failure *why);

enum store_lock { STORE_LOCKED, STORE_BUSY, STORE_LOCK_FAILED };

/*
 * Waits for the lock, for at most ms milliseconds.  why is set unless the
 * result is STORE_LOCKED: EX_TEMPFAIL if another process holds the lock,
 * EX_CANTCREAT.  Every store_close() releases the lock.
 */
enum store_lock store_lock(struct store *, int64_t ms, struct failure *why);

/*
 * Reserves the space for the next store_write(), so that it cannot fail because
 * the disk is full.  Requires the lock.  EX_CANTCREAT.
 */
bool	store_reserve(struct store *, struct failure *why);

/* Replaces the file.  Requires the lock.  EX_CANTCREAT. */
bool	store_write(struct store *, struct failure *why);

/*
 * Changes the time of the lock file, so that messages which wait because the
 * login had ended are tried again (config/changed.h).  Requires the lock.
 */
bool	store_mark_login(struct store *, struct failure *why);

/* Sets a copy of the value; NULL or "": not set.  A newline becomes a blank. */
void	store_set(struct store *, enum store_key, const char *value);
void	store_set_time(struct store *, enum store_key, int64_t);

/* Returns a time, which is not negative, or 0 if it is not set or invalid. */
int64_t	store_time(const struct store *, enum store_key);

/* Wipes the values and releases the lock. */
void	store_close(struct store *);

#endif
