#include "queue/counters.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queue/files.h"
#include "util/memory.h"

/* A power of two, so that a record is in one page: it is written whole. */
enum { RECORD = 512 };

_Static_assert(sizeof(struct counters) == RECORD, "the format of the file");

static const char	file_name[] = "counters";
static const char	mark[8] = "relais1";

struct counters_file {
	int		 fd;
	struct counters	*record;	/* owned */
	size_t		 n;
	size_t		 room;
};

/* Returns a descriptor, or -1. */
static int
open_file(const struct spool *spool)
{
	int	fd = files_open(spool->fd, file_name, O_RDWR | O_NONBLOCK);

	if (fd != -1)
		return fd;
	fd = files_open(spool->fd, file_name, O_RDWR | O_CREAT | O_EXCL);
	if (fd == -1)	/* another process was faster */
		return files_open(spool->fd, file_name, O_RDWR | O_NONBLOCK);
	if (spool_own(spool, fd))
		return fd;
	close(fd);
	return -1;
}

/* The sum over all records must not overflow. */
static bool
is_valid(const struct counters *c)
{
	const int64_t	numbers[] = { c->since, c->delivered, c->deferred,
			    c->failed, c->last_success, c->last_attempt };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i] < 0 || numbers[i] > INT64_MAX / COUNTERS_MAX / 2)
			return false;
	return memcmp(c->mark, mark, sizeof(mark)) == 0 && c->url[0] != '\0' &&
	    memchr(c->url, '\0', sizeof(c->url)) != NULL &&
	    memchr(c->user, '\0', sizeof(c->user)) != NULL;
}

static bool
read_file(struct counters_file *f)
{
	struct stat	st;
	size_t		n;

	if (!files_stat_regular(f->fd, &st))
		return false;
	n = (size_t)st.st_size / RECORD;
	f->n = n < COUNTERS_MAX ? n : COUNTERS_MAX;
	f->record = memory_new(f->n + f->room,
	    sizeof(*f->record));
	return f->n == 0 ||
	    files_pread(f->fd, (char *)f->record, f->n * RECORD, 0);
}

/*
 * Opens, locks and reads the file, with room for so many new records.
 * close_counters() must be called.
 */
static bool
open_counters(struct counters_file *f, const struct spool *spool, size_t room)
{
	*f = (struct counters_file){ .room = room };
	f->fd = room > 0 ? open_file(spool) :
	    files_open(spool->fd, file_name, O_RDWR | O_NONBLOCK);
	return f->fd != -1 && spool_lock(spool, f->fd) && read_file(f);
}

static void
close_counters(struct counters_file *f)
{
	if (f->fd != -1)
		close(f->fd);
	free(f->record);
}

static bool
is_same_login(const struct counters *a, const struct counters *b)
{
	return strcmp(a->url, b->url) == 0 && strcmp(a->user, b->user) == 0;
}

/* Returns the index of the record of the login; a new one is empty. */
static size_t
find_record(struct counters_file *f, const struct counters *login, int64_t now)
{
	size_t	place = f->n, oldest = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct counters	*c = &f->record[i];

		if (!is_valid(c)) {
			place = i;
			continue;
		}
		if (is_same_login(c, login))
			return i;
		if (c->last_attempt < f->record[oldest].last_attempt)
			oldest = i;
	}
	if (place == COUNTERS_MAX)
		place = oldest;
	else if (place == f->n)
		f->n++;
	f->record[place] = (struct counters){ .since = now };
	memcpy(f->record[place].mark, mark, sizeof(mark));
	strlcpy(f->record[place].url, login->url, sizeof(login->url));
	strlcpy(f->record[place].user, login->user, sizeof(login->user));
	return place;
}

static void
add_to(struct counters *c, const struct counters *more, int64_t now)
{
	c->delivered += more->delivered;
	c->deferred += more->deferred;
	c->failed += more->failed;
	c->last_attempt = now;
	if (more->delivered > 0)
		c->last_success = now;
	if (more->login != COUNTERS_LOGIN_UNKNOWN)
		c->login = more->login;
	if (more->certificate_expiry != 0)
		c->certificate_expiry = more->certificate_expiry;
}

void
counters_add(struct spool *spool, const struct counters *more, size_t n,
    int64_t now)
{
	struct counters_file	f;
	bool			good = open_counters(&f, spool, n);

	for (size_t i = 0; good && i < n; i++) {
		size_t	at = find_record(&f, &more[i], now);

		add_to(&f.record[at], &more[i], now);
		good = files_pwrite(f.fd, (char *)&f.record[at], RECORD,
		    (off_t)(at * RECORD));
	}
	close_counters(&f);
}

size_t
counters_read(struct counters **list, struct spool *spool)
{
	struct counters_file	f;
	bool			good = open_counters(&f, spool, 0);
	size_t			n = 0;

	*list = NULL;
	if (good) {
		for (size_t i = 0; i < f.n; i++)
			if (is_valid(&f.record[i]))
				f.record[n++] = f.record[i];
		*list = f.record;
		f.record = NULL;
	}
	close_counters(&f);
	return n;
}
