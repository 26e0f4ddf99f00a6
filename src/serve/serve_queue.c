#include "serve/serve_queue.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/entry.h"
#include "queue/health.h"
#include "queue/last_attempt.h"
#include "runner/release.h"
#include "submit/service_protocol.h"

static bool
is_administrator(const struct serve_queue *q)
{
	return q->uid == 0 || q->uid == geteuid();
}

static bool
may_see(const struct serve_queue *q, const struct entry *e)
{
	return is_administrator(q) || q->uid == e->file.uid;
}

static bool
send_entry(const struct serve_queue *q, struct stream *stream,
    const struct entry *e, struct failure *why)
{
	struct service_entry	head = {
		.dir = e->dir,
		.size = e->size,
		.next = e->next,
		.locked = e->locked,
		.length = q->id != NULL ? e->size : e->text.len,
	};
	struct buffer		line = { 0 };
	bool			good;

	strlcpy(head.id, e->name, sizeof(head.id));
	service_entry_write(&line, &head);
	good = stream_write(stream, line.data, line.len, why);
	buffer_free(&line);
	if (good && q->id != NULL)
		good = stream_send_file(stream, e->fd, 0, e->size, why);
	else if (good)
		good = stream_write(stream, e->text.data, e->text.len, why);
	return good;
}

/* The transcript of an entry in failed/, before the entry. */
static bool
send_transcript(const struct serve_queue *q, struct stream *stream,
    const struct entry *e, struct failure *why)
{
	struct buffer	text = { 0 };
	bool		good = true;

	if (q->id != NULL && e->dir == SPOOL_FAILED)
		last_attempt_read(&text, q->spool, e->name);
	if (text.len > 0)
		good = stream_printf(stream, why, "transcript %zu\n",
		    text.len) && stream_write(stream, text.data, text.len,
		    why);
	buffer_free(&text);
	return good;
}

static bool
send_directory(const struct serve_queue *q, struct stream *stream,
    enum spool_dir dir, struct failure *why)
{
	struct spool_list	list;
	bool			good = true;

	if (q->spool->directory == NULL)
		return true;
	if (!spool_list(&list, q->spool, dir, why))
		return false;
	for (size_t i = 0; good && i < list.n; i++) {
		struct entry	entry;
		struct failure	ignored;

		if ((q->id != NULL && strcmp(q->id, list.item[i].name) != 0) ||
		    entry_open(&entry, q->spool, dir, list.item[i].name,
		    ENTRY_LOOK, &ignored) != ENTRY_OPENED)
			continue;
		if (may_see(q, &entry))
			good = send_transcript(q, stream, &entry, why) &&
			    send_entry(q, stream, &entry, why);
		entry_close(&entry);
	}
	spool_list_free(&list);
	return good;
}

bool
serve_queue_send(const struct serve_queue *q, struct stream *stream,
    struct failure *why)
{
	return send_directory(q, stream, SPOOL_QUEUE, why) &&
	    send_directory(q, stream, SPOOL_FAILED, why) &&
	    stream_printf(stream, why, "end\n") && stream_flush(stream, why);
}

/* A user must not learn of entries of other users, nor have them moved. */
static bool
find_entry(const struct serve_queue *q, enum spool_dir *dir)
{
	static const enum spool_dir	dirs[] = { SPOOL_QUEUE, SPOOL_FAILED };
	struct entry	entry;
	struct failure	ignored;
	bool		found = false;

	for (size_t i = 0; q->spool->directory != NULL && !found && i < 2;
	    i++) {
		*dir = dirs[i];
		if (entry_open(&entry, q->spool, *dir, q->id, ENTRY_LOOK,
		    &ignored) != ENTRY_OPENED)
			continue;
		found = may_see(q, &entry);
		entry_close(&entry);
	}
	return found;
}

static bool
failed_missing(const struct serve_queue *q, struct failure *why)
{
	return failed(why, EX_NOINPUT, "%s: no such message", q->id);
}

bool
serve_queue_release(const struct serve_queue *q, const struct config *config,
    const struct identity *me, char released[ID_SIZE], struct failure *why)
{
	enum spool_dir	dir;
	struct entry	entry;
	bool		good;

	if (!find_entry(q, &dir))
		return failed_missing(q, why);
	if (dir == SPOOL_QUEUE && !is_administrator(q))
		return failed(why, EX_NOPERM, "%s: not given up; only root "
		    "and the user relais can release a message that waits, is "
		    "held or is collected", q->id);
	switch (entry_open(&entry, q->spool, dir, q->id, ENTRY_WORK, why)) {
	case ENTRY_OPENED:
		/* An ID is never used again, but the file can be replaced. */
		good = may_see(q, &entry) ? release_entry(&entry, config, me,
		    released, why) : failed_missing(q, why);
		entry_close(&entry);
		return good;
	case ENTRY_LOCKED:
		return failed(why, EX_TEMPFAIL, "%s: in use by another "
		    "process; try again later", q->id);
	case ENTRY_GONE:
		return failed_missing(q, why);
	case ENTRY_BAD:
	case ENTRY_TROUBLE:
		break;
	}
	return false;
}

bool
serve_queue_count(struct buffer *to, struct spool *spool, struct failure *why)
{
	struct health_state	state;

	if (!health_examine(&state, spool, why))
		return false;
	service_count_write(to, &state);
	return true;
}
