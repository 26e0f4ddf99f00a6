#include "serve/serve_queue.h"

#include <string.h>
#include <unistd.h>

#include "queue/entry.h"
#include "queue/health.h"
#include "queue/last_attempt.h"
#include "submit/service_protocol.h"

static bool
may_see(const struct serve_queue *q, const struct entry *e)
{
	return q->uid == 0 || q->uid == geteuid() || q->uid == e->file.uid;
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

bool
serve_queue_count(struct buffer *to, struct spool *spool, struct failure *why)
{
	struct health_state	state;

	if (!health_examine(&state, spool, why))
		return false;
	service_count_write(to, &state);
	return true;
}
