#include "runner/backoff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "util/hash.h"

enum { LOGINS_MAX = 32 };

/* What this queue run knows about a login. */
enum login_result { LOGIN_UNKNOWN, LOGIN_GOOD, LOGIN_REFUSED };

struct backoff_shared {
	struct {
		atomic_uint	name;		/* 0: free */
		atomic_int	result;
		char		text[512];	/* if refused */
	} login[LOGINS_MAX];
};

size_t
backoff_shared_size(void)
{
	return sizeof(struct backoff_shared);
}

static unsigned
hash_login(const struct relay_login *login)
{
	const char	*user = login->user != NULL ? login->user : "";
	uint64_t	 hash;

	/* With the NUL, which separates them. */
	hash = hash_add(HASH_START, login->url, strlen(login->url) + 1);
	return hash_name(hash_add(hash, user, strlen(user) + 1));
}

/* Returns the index of the login, or -1 if there are too many. */
static int
find_login(struct backoff_shared *shared, const struct relay_login *login)
{
	unsigned	name = hash_login(login);

	for (int i = 0; shared != NULL && i < LOGINS_MAX; i++) {
		unsigned	found = 0;

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

bool
backoff_before_connect(void *context, const struct relay_login *login,
    struct failure *why)
{
	struct backoff		*b = context;
	struct backoff_shared	*shared = b->shared;
	int			 i = find_login(shared, login);
	bool			 good, in_trouble;

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
		    LOGIN_GOOD) || login_backoff_claim(&b->login, login,
		    &in_trouble, why);
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

void
backoff_after_connect(void *context, const struct relay_login *login,
    enum connection_trouble trouble, const struct failure *why)
{
	struct backoff		*b = context;
	struct backoff_shared	*shared = b->shared;
	int			 i = find_login(shared, login);
	enum login_result	 result = LOGIN_GOOD;

	b->lasting = login_backoff_lasts(trouble);
	if (b->lasting) {
		result = LOGIN_REFUSED;
		if (i != -1)
			strlcpy(shared->login[i].text, why->text,
			    sizeof(shared->login[i].text));
	}
	if (i == -1 || atomic_load(&shared->login[i].result) != LOGIN_GOOD ||
	    b->lasting)
		login_backoff_record(&b->login, login, trouble, why);
	/*
	 * If the server cannot be reached, the credentials are not refused:
	 * other workers need not wait for each other.
	 */
	if (i != -1)
		atomic_store(&shared->login[i].result, result);
	if (b->locked)
		set_lock(b, F_UNLCK);
}
