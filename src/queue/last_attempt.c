#include "queue/last_attempt.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "queue/files.h"
#include "queue/id.h"
#include "queue/usage.h"
#include "util/clock.h"
#include "util/failure.h"
#include "util/file.h"

static bool
make_name(char name[ID_SIZE + 1], const char *id)
{
	snprintf(name, ID_SIZE + 1, ".%s", id);
	return id_is_valid(id);
}

void
last_attempt_store(struct spool *spool, const char *id,
    const struct buffer *text)
{
	int		dir = spool->dir[SPOOL_FAILED];
	size_t		len = text->len < LAST_ATTEMPT_MAX ? text->len :
			    LAST_ATTEMPT_MAX;
	char		name[ID_SIZE + 1];
	struct failure	ignored;	/* it only helps to find the cause */
	bool		good;
	int		fd;

	if (len == 0 || !make_name(name, id) ||
	    !usage_reserve(spool, len, clock_now(), &ignored))
		return;
	fd = files_open(dir, name, O_CREAT | O_EXCL | O_WRONLY);
	if (fd < 0)
		return;
	good = spool_own(spool, fd) && file_write(fd, text->data, len);
	if (close(fd) != 0 || !good)
		unlinkat(dir, name, 0);
}

void
last_attempt_read(struct buffer *to, const struct spool *spool, const char *id)
{
	char		name[ID_SIZE + 1];
	struct stat	st;
	size_t		len;
	int		fd;

	if (!make_name(name, id))
		return;
	fd = files_open(spool->dir[SPOOL_FAILED], name, O_RDONLY |
	    O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	/* If root reads the spool of a user: only files of that user. */
	if (files_stat_regular(fd, &st) && st.st_uid == spool->owner &&
	    st.st_size > 0) {
		len = st.st_size < LAST_ATTEMPT_MAX ? (size_t)st.st_size :
		    LAST_ATTEMPT_MAX;
		if (files_pread(fd, buffer_room(to, len), len, 0)) {
			to->len += len;
			to->data[to->len] = '\0';
		}
	}
	close(fd);
}

void
last_attempt_remove(const struct spool *spool, const char *id)
{
	char	name[ID_SIZE + 1];

	if (make_name(name, id))
		unlinkat(spool->dir[SPOOL_FAILED], name, 0);
}
