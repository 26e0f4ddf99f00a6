#include "queue/health.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "queue/entry.h"
#include "queue/escape.h"
#include "queue/files.h"
#include "queue/id.h"
#include "queue/spool_state.h"
#include "queue/storm.h"
#include "util/buffer.h"
#include "util/clock.h"

enum { HOUR = 60 * 60 };		/* seconds */

static const char	file_name[] = "status";

void
health_read(struct health *health, const struct spool *spool)
{
	char		 file[4 * sizeof(health->text)] = "";
	char		 word[sizeof(file)] = "";
	char		*text;
	struct stat	 st;
	ssize_t		 n;
	int		 fd;

	*health = (struct health){ 0 };
	fd = files_open(spool->fd, file_name, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0)
		health->success = (int64_t)st.st_mtime;
	n = read(fd, file, sizeof(file) - 1);
	close(fd);
	if (n <= 0 || sscanf(file, "given-up %20" SCNd64 "\nerror %20" SCNd64
	    " %2000s", &health->given_up, &health->error, word) < 2 ||
	    health->given_up < 0 || health->error < 0) {
		health->given_up = health->error = 0;
		return;
	}
	text = escape_decode_word(word, strlen(word));
	if (text != NULL)
		strlcpy(health->text, text, sizeof(health->text));
	free(text);
}

static bool
health_write(struct spool *spool, const struct health *health,
    struct failure *why)
{
	struct buffer	b = { 0 };
	bool		good;

	buffer_addf(&b, "given-up %" PRId64 "\nerror %" PRId64 " ",
	    health->given_up, health->error);
	escape_word(&b, health->text);
	buffer_add_byte(&b, '\n');
	good = spool_replace(spool, file_name, &b, health->success);
	if (!good)
		failed_errno(why, files_status(errno), "%s/%s",
		    spool->directory, file_name);
	buffer_free(&b);
	return good;
}

bool
health_note_success(struct spool *spool, int64_t now, struct failure *why)
{
	const struct timespec	times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t)now },
	};
	struct health		health = { .success = now };

	if (utimensat(spool->fd, file_name, times, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (errno == ENOENT)
		return health_write(spool, &health, why);
	return failed_errno(why, files_status(errno), "%s/%s",
	    spool->directory, file_name);
}

bool
health_note_error(struct spool *spool, int64_t now, const char *text,
    bool given_up, struct failure *why)
{
	struct health	health;

	health_read(&health, spool);
	health.error = now;
	if (given_up)
		health.given_up = now;
	strlcpy(health.text, text, sizeof(health.text));
	return health_write(spool, &health, why);
}

/*
 * Finds the oldest entry that waits: one that is neither held nor collected.
 * The list begins with the oldest, so only a few are opened, unless some may be
 * collected: these are counted.
 */
static bool
examine_entries(struct health_state *state, struct spool *spool, int64_t now,
    struct failure *why)
{
	bool			collects = storm_was_used(spool);
	struct spool_list	list;
	int64_t			oldest = 0;

	if (!spool_list(&list, spool, SPOOL_QUEUE, why))
		return false;
	for (size_t i = 0; i < list.n && (oldest == 0 || collects); i++) {
		struct entry	e;
		struct failure	ignored;	/* it is an old entry, too */
		const char	*name = list.item[i].name;
		int64_t		since = id_is_valid(name) ? id_time(name) : 0;

		if (entry_open(&e, spool, SPOOL_QUEUE, name, ENTRY_LOOK,
		    &ignored) == ENTRY_OPENED) {
			if (e.file.held) {
				since = 0;
			} else if (e.file.collected) {
				since = e.next < now ? e.next : 0;
				state->collected++;
				if (state->next_digest == 0 ||
				    e.next < state->next_digest)
					state->next_digest = e.next;
			}
			entry_close(&e);
		}
		if (since > 0 && (oldest == 0 || since < oldest))
			oldest = since;
	}
	state->queue.oldest = oldest;
	spool_list_free(&list);
	return true;
}

bool
health_examine(struct health_state *state, struct spool *spool,
    struct failure *why)
{
	struct spool_state	facts;

	*state = (struct health_state){ 0 };
	if (spool->directory == NULL)
		return true;
	health_read(&state->last, spool);
	spool_state_read(&facts, spool);
	state->queue_given_up = facts.given_up_at;
	spool_state_free(&facts);
	return spool_count(&state->queue, spool, SPOOL_QUEUE, why) &&
	    spool_count(&state->failed, spool, SPOOL_FAILED, why) &&
	    examine_entries(state, spool, clock_now(), why);
}

bool
health_is_bad(const struct health *health)
{
	return health->given_up > health->success;
}

bool
health_has_given_up(const struct health_state *state, int64_t now)
{
	int64_t	age = now - state->queue_given_up;

	/* If the clock was set back, the time can be in the future. */
	return state->queue_given_up != 0 && age < HOUR && age > -HOUR;
}
