#include "runner/backoff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/retry.h"
#include "queue/spool_state.h"

enum { LOGINS_MAX = 32 };

/* What this queue run knows about a login. */
enum login_result { LOGIN_UNKNOWN, LOGIN_GOOD, LOGIN_REFUSED };

struct backoff_shared {
	struct {
		atomic_uint_fast64_t	name;		/* 0: free */
		atomic_int		result;
		char			text[512];	/* if refused */
	} login[LOGINS_MAX];
};

size_t
backoff_shared_size(void)
{
	return sizeof(struct backoff_shared);
}

/* FNV-1a; never 0. */
static uint64_t
hash_login(const struct relay_login *login)
{
	const char	*text[] = { login->url, login->user };
	uint64_t	 hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < 2; i++) {
		const char	*p = text[i] != NULL ? text[i] : "";

		do
			hash = (hash ^ (unsigned char)*p) *
			    UINT64_C(0x100000001b3);
		while (*p++ != '\0');
	}
	return hash | 1;
}

/* Returns the index of the login, or -1 if there are too many. */
static int
find_login(struct backoff_shared *shared, const struct relay_login *login)
{
	uint64_t	name = hash_login(login);

	for (int i = 0; shared != NULL && i < LOGINS_MAX; i++) {
		uint_fast64_t	found = 0;

		if (atomic_compare_exchange_strong(&shared->login[i].name,
		    &found, name) || found == name)
			return i;
	}
	return -1;
}

/*
 * A lock of the process, which the forked workers do not share, and which ends
 * with it.
 */
static void
set_lock(struct backoff *b, short type)
{
	struct flock	lock = { .l_type = type, .l_whence = SEEK_SET };

	if (b->lock == -1)
		return;
	while (fcntl(b->lock, F_SETLKW, &lock) == -1 && errno == EINTR)
		continue;
	b->locked = type == F_WRLCK;
}

static int64_t
next_step(const struct backoff *b, const struct spool_state_host *host,
    int64_t now)
{
	unsigned	n = host->trouble_count < 100 ?
			    (unsigned)host->trouble_count : 100;

	return now + retry_delay(b->schedule, n + 1, false, arc4random());
}

/* Without the lock: most logins have no trouble. */
static bool
is_in_trouble(const struct backoff *b, const struct relay_login *login)
{
	const struct spool_state_host	*host;
	struct spool_state		 state;
	bool				 trouble;

	spool_state_read(&state, b->spool);
	host = spool_state_find(&state, login->url, login->user);
	trouble = host != NULL && host->trouble != SPOOL_TROUBLE_NONE;
	spool_state_free(&state);
	return trouble;
}

/*
 * Whether the schedule allows an attempt now.  If it does, the time of the next
 * one is recorded.
 */
static bool
claim_attempt(const struct backoff *b, const struct relay_login *login,
    struct failure *why)
{
	int64_t				 now = (int64_t)time(NULL);
	struct spool_state_host		*host;
	struct spool_state		 state;
	struct failure			 ignored;	/* mail goes on */
	bool				 good;

	if (!is_in_trouble(b, login))
		return true;
	spool_state_open(&state, b->spool, now, &ignored);
	host = spool_state_host(&state, login->url, login->user);
	good = !spool_trouble_lasts(host->trouble) || !b->when_due ||
	    retry_is_due(b->schedule, now, host->not_before);
	if (good)
		host->not_before = next_step(b, host, now);
	else
		failed(why, EX_TEMPFAIL, "%s", host->trouble_text);
	spool_state_close(&state, &ignored);
	return good;
}

bool
backoff_before_connect(struct backoff *b, const struct relay_login *login,
    struct failure *why)
{
	struct backoff_shared	*shared = b->shared;
	int			 i = find_login(shared, login);
	bool			 good;

	if (i != -1 && atomic_load(&shared->login[i].result) == LOGIN_UNKNOWN &&
	    login->user != NULL)
		set_lock(b, F_WRLCK);
	if (i != -1 && atomic_load(&shared->login[i].result) == LOGIN_REFUSED) {
		failed(why, EX_TEMPFAIL, "%.*s",
		    (int)sizeof(shared->login[i].text) - 1,
		    shared->login[i].text);
		good = false;
	} else {
		good = (i != -1 && atomic_load(&shared->login[i].result) ==
		    LOGIN_GOOD) || claim_attempt(b, login, why);
		if (!good && i != -1) {
			strlcpy(shared->login[i].text, why->text,
			    sizeof(shared->login[i].text));
			atomic_store(&shared->login[i].result, LOGIN_REFUSED);
		}
	}
	if (!good) {
		b->lasting = true;
		if (b->locked)
			set_lock(b, F_UNLCK);
	}
	return good;
}

static void
record_trouble(const struct backoff *b, const struct relay_login *login,
    enum spool_trouble trouble, const struct failure *why)
{
	int64_t			 now = (int64_t)time(NULL);
	struct spool_state	 state;
	struct spool_state_host	*host;
	struct failure		 ignored;	/* mail goes on */

	spool_state_open(&state, b->spool, now, &ignored);
	host = spool_state_host(&state, login->url, login->user);
	if (host->trouble == SPOOL_TROUBLE_NONE) {
		host->trouble_since = now;
		host->trouble_count = 0;
	}
	host->trouble = trouble;
	host->trouble_at = now;
	host->not_before = next_step(b, host, now);
	host->trouble_count++;
	strlcpy(host->trouble_text, why->text, sizeof(host->trouble_text));
	spool_state_close(&state, &ignored);
}

static void
clear_trouble(const struct backoff *b, const struct relay_login *login)
{
	struct spool_state_host		*host;
	struct spool_state		 state;
	struct failure			 ignored;	/* mail goes on */

	if (!is_in_trouble(b, login))
		return;
	spool_state_open(&state, b->spool, (int64_t)time(NULL), &ignored);
	host = spool_state_host(&state, login->url, login->user);
	host->trouble = SPOOL_TROUBLE_NONE;
	host->trouble_since = host->trouble_at = host->trouble_count = 0;
	host->not_before = 0;
	host->trouble_text[0] = '\0';
	spool_state_close(&state, &ignored);
}

void
backoff_after_connect(struct backoff *b, const struct relay_login *login,
    enum connection_trouble trouble, const struct failure *why)
{
	static const enum spool_trouble	kinds[] = {
		[CONNECTION_TROUBLE_NONE] = SPOOL_TROUBLE_NONE,
		[CONNECTION_TROUBLE_CONNECT] = SPOOL_TROUBLE_CONNECT,
		[CONNECTION_TROUBLE_TLS] = SPOOL_TROUBLE_TLS,
		[CONNECTION_TROUBLE_LOGIN] = SPOOL_TROUBLE_LOGIN,
		[CONNECTION_TROUBLE_CONFIG] = SPOOL_TROUBLE_CONFIG,
		[CONNECTION_TROUBLE_BUSY] = SPOOL_TROUBLE_BUSY,
	};
	struct backoff_shared	*shared = b->shared;
	int			 i = find_login(shared, login);
	enum login_result	 result = LOGIN_GOOD;

	b->lasting = spool_trouble_lasts(kinds[trouble]);
	if (b->lasting) {
		record_trouble(b, login, kinds[trouble], why);
		result = LOGIN_REFUSED;
		if (i != -1)
			strlcpy(shared->login[i].text, why->text,
			    sizeof(shared->login[i].text));
	} else if (trouble == CONNECTION_TROUBLE_NONE) {
		if (i == -1 || atomic_load(&shared->login[i].result) !=
		    LOGIN_GOOD)
			clear_trouble(b, login);
	}
	/*
	 * If the server cannot be reached, the credentials are not refused:
	 * other workers need not wait for each other.
	 */
	if (i != -1)
		atomic_store(&shared->login[i].result, result);
	if (b->locked)
		set_lock(b, F_UNLCK);
}
