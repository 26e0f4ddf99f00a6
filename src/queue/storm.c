#include "queue/storm.h"

#include <sys/stat.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/files.h"
#include "util/hash.h"
#include "util/memory.h"

enum { BUCKETS = 512, PLACES = 8 };

static const char	file_name[] = "storm";

/* An empty place is zeroed.  The file is only for this host. */
struct place {
	uint64_t	hash;		/* of the key */
	uint32_t	uid;		/* other users cannot cause a
					 * collision */
	uint32_t	messages;
	int64_t		since;
};

static int
compare_paths(const void *a, const void *b)
{
	const char *const	*x = a;
	const char *const	*y = b;

	return strcmp(*x, *y);
}

void
storm_key(struct buffer *key, uint32_t uid, const struct envelope *env,
    const struct outcome *outcomes)
{
	char	**path = memory_new(env->n + 1, sizeof(*path));
	size_t	  n = 0;

	for (size_t i = 0; i < env->n; i++) {
		char	*domain;

		if (outcomes[i].kind != OUTCOME_WAITING)
			continue;
		path[n] = memory_copy(env->forward[i].path);
		domain = strrchr(path[n++], '@');
		for (; domain != NULL && *domain != '\0'; domain++)
			*domain = (char)tolower((unsigned char)*domain);
	}
	qsort(path, n, sizeof(*path), compare_paths);
	buffer_addf(key, "%lu\n%s\n", (unsigned long)uid, env->reverse_path);
	for (size_t i = 0; i < n; i++) {
		buffer_addf(key, "%s\n", path[i]);
		free(path[i]);
	}
	free(path);
}

/* Returns the locked file, or -1 with errno. */
static int
open_locked(struct spool *spool)
{
	struct stat	st;
	int		fd = files_open(spool->fd, file_name,
			    O_RDWR | O_CREAT | O_NONBLOCK);
	int		error;

	if (fd == -1)
		return -1;
	if (files_stat_regular(fd, &st) && spool_own(spool, fd) &&
	    spool_lock(spool, fd))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* The place of the group, or the one that it can have. */
static struct place *
find_place(struct place place[PLACES], uint64_t hash, uint32_t uid)
{
	struct place	*oldest = &place[0];

	for (size_t i = 0; i < PLACES; i++) {
		if (place[i].hash == hash && place[i].uid == uid)
			return &place[i];
		if (place[i].since < oldest->since)
			oldest = &place[i];
	}
	*oldest = (struct place){ .hash = hash, .uid = uid };
	return oldest;
}

bool
storm_count(struct spool *spool, const struct storm_message *m, int64_t now,
    int64_t *until, struct failure *why)
{
	uint64_t	 hash = hash_add(HASH_START, m->key,
			    strlen(m->key));
	off_t		 at = (off_t)(hash % BUCKETS * PLACES *
			    sizeof(struct place));
	struct place	 places[PLACES] = { 0 };
	struct place	*place;
	int		 fd = open_locked(spool);
	bool		 good;

	*until = 0;
	if (fd == -1)
		return failed_errno(why, files_status(errno), "%s/%s",
		    spool->directory, file_name);
	/* Beyond the end of a short file, all places are empty. */
	if (!files_pread(fd, (char *)places, sizeof(places), at))
		memset(places, 0, sizeof(places));
	place = find_place(places, hash, m->uid);
	/* The clock may have been set back, or the file be corrupt. */
	if (place->since < 0 || now < place->since ||
	    now - place->since >= m->period) {
		place->since = now;
		place->messages = 0;
	}
	if (place->messages < UINT32_MAX)
		place->messages++;
	if (place->messages > m->limit)
		*until = place->since + m->period;
	good = files_pwrite(fd, (const char *)places, sizeof(places), at) ||
	    failed_errno(why, files_status(errno), "%s/%s", spool->directory,
	    file_name);
	if (!good)
		*until = 0;
	close(fd);
	return good;
}

bool
storm_was_used(const struct spool *spool)
{
	struct stat	st;

	return fstatat(spool->fd, file_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}
