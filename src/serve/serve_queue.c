#include "serve/serve_queue.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "queue/entry.h"

static bool
may_see(const struct serve_queue *q, const struct entry *e)
{
	return q->uid == 0 || q->uid == geteuid() || q->uid == e->file.uid;
}

static bool
send_entry(const struct serve_queue *q, struct stream *stream,
    const struct entry *e, struct failure *why)
{
	size_t	len = e->text.len;
	bool	whole = q->id != NULL;

	return stream_printf(stream, why, "entry %s %s %llu %lld %d %llu\n",
	    spool_folder_name(e->folder), e->name,
	    (unsigned long long)e->size, (long long)e->next, e->locked,
	    whole ? (unsigned long long)e->size : (unsigned long long)len) &&
	    (whole ? stream_send_file(stream, e->fd, 0, e->size, why) :
	    stream_write(stream, e->text.data, len, why));
}

static bool
send_directory(const struct serve_queue *q, struct stream *stream,
    enum spool_folder folder, struct failure *why)
{
	struct spool_list	list;
	bool			good = true;

	if (!spool_list(&list, q->spool, folder, why))
		return false;
	for (size_t i = 0; good && i < list.n; i++) {
		struct entry	entry;
		struct failure	ignored;

		if ((q->id != NULL && strcmp(q->id, list.item[i].name) != 0) ||
		    entry_open(&entry, q->spool, folder, list.item[i].name,
		    ENTRY_LOOK, &ignored) != ENTRY_OPENED)
			continue;
		if (may_see(q, &entry))
			good = send_entry(q, stream, &entry, why);
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
serve_queue_count(char *to, size_t size, struct spool *spool,
    struct failure *why)
{
	struct spool_totals	queued, failed;

	if (!spool_count(&queued, spool, SPOOL_QUEUE, why) ||
	    !spool_count(&failed, spool, SPOOL_FAILED, why))
		return false;
	snprintf(to, size, "%zu %llu %lld %lld %zu", queued.entries,
	    (unsigned long long)queued.octets, (long long)queued.oldest,
	    (long long)queued.next, failed.entries);
	return true;
}
