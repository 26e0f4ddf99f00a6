#include "token/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "config/token_file.h"
#include "token/confine.h"
#include "util/buffer.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/trusted.h"

enum {
	FILE_MAX = 512 * 1024,

	/* For two new tokens of the largest reply. */
	RESERVED = 128 * 1024 + 16 * 1024,
};

#define FIRST_LINE "# relais-token 1: a login; do not edit or copy it\n"

static const char *const names[STORE_KEYS] = {
	[STORE_PROVIDER]	= "provider",
	[STORE_TENANT]		= "tenant",
	[STORE_ACCOUNT]		= "account",
	[STORE_GRANT]		= "grant",
	[STORE_TOKEN_ENDPOINT]	= "token_endpoint",
	[STORE_CLIENT_ID]	= "client_id",
	[STORE_CLIENT_SECRET]	= "client_secret",
	[STORE_CERTIFICATE]	= "certificate",
	[STORE_PRIVATE_KEY]	= "private_key",
	[STORE_SCOPE]		= "scope",
	[STORE_LOGIN_AT]	= "login_at",
	[STORE_RENEWED]		= "renewed",
	[STORE_EXPIRES]		= "expires",
	[STORE_RENEWAL_BEGUN]	= "renewal_begun",
	[STORE_RETRY_AT]	= "retry_at",
	[STORE_TROUBLE_AT]	= "trouble_at",
	[STORE_TROUBLE]		= "trouble",
	[STORE_REFRESH_TOKEN]	= "refresh_token",
	[STORE_ACCESS_TOKEN]	= "access_token",
};

/* "/dir/.NAME.lock"; the caller frees it. */
static char *
beside(const struct store *s, const char *suffix)
{
	struct buffer	name = { 0 };

	buffer_addf(&name, ".%s.%s", s->base, suffix);
	return buffer_take(&name);
}

bool
store_open(struct store *s, const char *name, bool create, struct failure *why)
{
	char	*directory;
	bool	 good = false;

	*s = (struct store){ .directory = -1, .lock = -1, .next = -1 };
	s->name = memory_copy(name);
	s->path = token_file_path(name, why);
	if (s->path == NULL)
		return false;
	s->base = memory_copy(strrchr(s->path, '/') + 1);
	directory = file_directory(s->path);
	if (confine_to_directory(directory, create, why)) {
		s->directory = open(directory, O_RDONLY | O_DIRECTORY |
		    O_CLOEXEC);
		good = s->directory != -1 || errno == ENOENT;
		if (!good)
			failed_errno(why, errno == EACCES ? EX_NOPERM :
			    EX_OSERR, "%s", directory);
		else if (s->directory != -1)
			good = trusted_directory(directory, why);
	}
	free(directory);
	return good;
}

static void
clear(struct store *s)
{
	for (size_t i = 0; i < STORE_KEYS; i++)
		store_set(s, (enum store_key)i, NULL);
}

/* Lines with unknown keys are ignored: a newer version has written them. */
static bool
parse_line(struct store *s, const char *line)
{
	const char	*equals = strstr(line, " = ");

	if (line[0] == '#' || line[0] == '\0')
		return true;
	if (equals == NULL)
		return false;
	for (size_t i = 0; i < STORE_KEYS; i++)
		if (strlen(names[i]) == (size_t)(equals - line) &&
		    strncmp(names[i], line, strlen(names[i])) == 0)
			store_set(s, (enum store_key)i, equals + 3);
	return true;
}

static bool
parse(struct store *s, struct buffer *text)
{
	char	*next = text->data, *line;

	if (text->len == 0 || strlen(text->data) != text->len)
		return false;
	while ((line = strsep(&next, "\n")) != NULL)
		if (!parse_line(s, line))
			return false;
	return s->value[STORE_TOKEN_ENDPOINT] != NULL &&
	    s->value[STORE_CLIENT_ID] != NULL && s->value[STORE_GRANT] != NULL;
}

bool
store_read(struct store *s, struct failure *why)
{
	struct buffer		text = { 0 };
	struct stat		st;
	enum trusted_answer	answer = TRUSTED_MISSING;

	clear(s);
	if (s->directory != -1)
		answer = trusted_read(&text, s->path, FILE_MAX, TRUSTED_SECRET,
		    &st, why);
	if (answer == TRUSTED_MISSING)
		failed(why, EX_CONFIG, "%s: there is no login with this name "
		    "(%s); run: relais login %s", s->name, s->path, s->name);
	else if (answer == TRUSTED_READ && !parse(s, &text)) {
		clear(s);
		failed(why, EX_CONFIG, "%s: the file of the login is damaged; "
		    "run: relais login %s", s->path, s->name);
		answer = TRUSTED_REFUSED;
	}
	buffer_wipe(&text);
	return answer == TRUSTED_READ;
}

/* Its signal interrupts flock(2). */
static void
do_nothing(int sig)
{
	(void)sig;
}

static int
flock_until(int fd, int64_t deadline)
{
	const struct itimerval	often = { { 0, 100 * 1000 },
				    { 0, 100 * 1000 } };
	const struct itimerval	off = { { 0, 0 }, { 0, 0 } };
	struct sigaction	action = { .sa_handler = do_nothing }, before;
	int			result;

	/* If the lock is free, or must not be waited for. */
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return -1;
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	do {
		result = clock_ms() < deadline ? flock(fd, LOCK_EX) : -2;
	} while (result == -1 && errno == EINTR);
	setitimer(ITIMER_REAL, &off, NULL);
	sigaction(SIGALRM, &before, NULL);
	if (result == -2)
		errno = EWOULDBLOCK;
	return result == 0 ? 0 : -1;
}

enum store_lock
store_lock(struct store *s, int64_t ms, struct failure *why)
{
	char	*name = beside(s, "lock");
	int	 fd = openat(s->directory, name, O_RDWR | O_CREAT | O_CLOEXEC |
		    O_NOFOLLOW | O_NONBLOCK, 0600);
	bool	 locked = fd != -1 && flock_until(fd, clock_ms() + ms) == 0;
	bool	 busy = fd != -1 && !locked && errno == EWOULDBLOCK;

	if (busy)
		failed(why, EX_TEMPFAIL, "%s: another process is renewing the "
		    "token", s->name);
	else if (!locked)
		failed_errno(why, EX_CANTCREAT, "%.*s%s",
		    (int)(strlen(s->path) - strlen(s->base)), s->path, name);
	free(name);
	if (locked)
		s->lock = fd;
	else if (fd != -1)
		close(fd);
	return locked ? STORE_LOCKED : busy ? STORE_BUSY : STORE_LOCK_FAILED;
}

static bool
write_failed(const struct store *s, struct failure *why)
{
	return failed_errno(why, EX_CANTCREAT, "%s", s->path);
}

bool
store_reserve(struct store *s, struct failure *why)
{
	char	*name = beside(s, "new");
	int	 error;

	if (s->next != -1)
		close(s->next);
	if (unlinkat(s->directory, name, 0) == -1 && errno != ENOENT)
		s->next = -1;
	else
		s->next = openat(s->directory, name, O_WRONLY | O_CREAT |
		    O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(name);
	if (s->next == -1)
		return write_failed(s, why);
	error = posix_fallocate(s->next, 0, RESERVED);
	if (error == 0 || error == EOPNOTSUPP || error == EINVAL)
		return true;
	errno = error;
	return write_failed(s, why);
}

/* Also closes the new file. */
static bool
fill_next(struct store *s, const struct buffer *text)
{
	bool	good = file_write(s->next, text->data, text->len) &&
		    ftruncate(s->next, (off_t)text->len) == 0 &&
		    fsync(s->next) == 0;
	int	error = errno;

	if (close(s->next) == -1 && good) {
		error = errno;
		good = false;
	}
	s->next = -1;
	errno = error;
	return good;
}

/*
 * After rename(2), the login is stored.  If the directory cannot be synced, a
 * crash of the machine could bring the old file back, which is complete.
 */
bool
store_write(struct store *s, struct failure *why)
{
	struct buffer	 text = { 0 };
	char		*name = beside(s, "new");
	bool		 good = s->next != -1 || store_reserve(s, why);

	buffer_add_text(&text, FIRST_LINE);
	for (size_t i = 0; i < STORE_KEYS; i++)
		if (s->value[i] != NULL)
			buffer_addf(&text, "%s = %s\n", names[i], s->value[i]);
	if (good && (!fill_next(s, &text) ||
	    renameat(s->directory, name, s->directory, s->base) == -1)) {
		good = write_failed(s, why);
		unlinkat(s->directory, name, 0);
	}
	if (good)
		(void)fsync(s->directory);
	buffer_wipe(&text);
	free(name);
	return good;
}

bool
store_mark_login(struct store *s, struct failure *why)
{
	return futimens(s->lock, NULL) == 0 || write_failed(s, why);
}

void
store_set(struct store *s, enum store_key key, const char *value)
{
	char	*copy = value != NULL && value[0] != '\0' ?
		    memory_copy(value) : NULL;

	for (char *c = copy; c != NULL && *c != '\0'; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	memory_wipe(&s->value[key]);
	s->value[key] = copy;
}

void
store_set_time(struct store *s, enum store_key key, int64_t time)
{
	char	text[32];

	snprintf(text, sizeof(text), "%lld", (long long)time);
	store_set(s, key, time != 0 ? text : NULL);
}

int64_t
store_time(const struct store *s, enum store_key key)
{
	const char	*wrong;

	return s->value[key] != NULL ? strtonum(s->value[key], 0, INT64_MAX,
	    &wrong) : 0;
}

void
store_close(struct store *s)
{
	char	*name;

	clear(s);
	if (s->next != -1) {
		name = beside(s, "new");
		unlinkat(s->directory, name, 0);
		free(name);
		close(s->next);
	}
	if (s->lock != -1)
		close(s->lock);
	if (s->directory != -1)
		close(s->directory);
	free(s->name);
	free(s->path);
	free(s->base);
	*s = (struct store){ .directory = -1, .lock = -1, .next = -1 };
}
