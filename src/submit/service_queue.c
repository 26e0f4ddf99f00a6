#include "submit/service_queue.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "queue/envelope_file.h"
#include "queue/last_attempt.h"
#include "smtp/reply.h"
#include "submit/service_protocol.h"
#include "submit/spool_config.h"
#include "util/file.h"

/* The service may have to read a long queue to find the entries of a user. */
enum { TIMEOUT_MS = 5 * 60 * 1000 };

/* ----------------------------------------------------------------- commands */

/* A connection on which one command is sent. */
struct service_request {
	const char	*path;
	struct stream	 stream;
	struct reply	 reply;		/* to the command, positive */
};

static enum service_answer
refused(const struct service_request *r, struct failure *why)
{
	failure_prefix(why, "the relais service (%s): ", r->path);
	return SERVICE_REFUSED;
}

/* Close the stream if the answer is SERVICE_ACCEPTED. */
static enum service_answer
request_open(struct service_request *r, const char *command, const char *id,
    struct failure *why)
{
	static const struct service_options	none;
	struct buffer		greeting = { 0 };
	enum service_answer	answer;
	char			line[600];
	int			fd;

	answer = service_connect(r->path, &none, &fd, &greeting, why);
	buffer_free(&greeting);
	if (answer != SERVICE_ACCEPTED)
		return answer;
	stream_open(&r->stream, fd);
	stream_set_wait_timeout(&r->stream, TIMEOUT_MS);
	if (!stream_printf(&r->stream, why, "XRELAIS %s%s%s\r\n", command,
	    id != NULL ? " " : "", id != NULL ? id : "") ||
	    !stream_flush(&r->stream, why) ||
	    !reply_read(&r->reply, &r->stream, NULL, why)) {
		answer = refused(r, why);
	} else if (!reply_is_positive(&r->reply)) {
		failed(why, reply_is_transient(&r->reply) ? EX_TEMPFAIL :
		    EX_UNAVAILABLE, "%s", reply_line(&r->reply, line,
		    sizeof(line)));
		answer = refused(r, why);
	}
	if (answer != SERVICE_ACCEPTED)
		stream_close(&r->stream);
	return answer;
}

enum service_answer
service_queue_count(const char *path, struct health_state *state,
    struct failure *why)
{
	struct service_request	r = { .path = path };
	enum service_answer	answer = request_open(&r, "COUNT", NULL, why);

	if (answer != SERVICE_ACCEPTED)
		return answer;
	stream_close(&r.stream);
	return service_count_parse(state, r.reply.text, why) ?
	    SERVICE_ACCEPTED : refused(&r, why);
}

enum service_answer
service_queue_run(const char *path, struct failure *why)
{
	struct service_request	r = { .path = path };
	enum service_answer	answer = request_open(&r, "RUN", NULL, why);

	if (answer == SERVICE_ACCEPTED)
		stream_close(&r.stream);
	return answer;
}

enum service_answer
service_queue_release(const char *path, const char *id, char released[ID_SIZE],
    struct failure *why)
{
	struct service_request	r = { .path = path };
	struct service_release	release;
	enum service_answer	answer = request_open(&r, "RELEASE", id, why);

	if (answer != SERVICE_ACCEPTED)
		return answer;
	stream_close(&r.stream);
	if (!service_release_parse(&release, r.reply.text, why))
		return refused(&r, why);
	*why = release.why;
	strlcpy(released, release.id, ID_SIZE);
	return why->status == EX_OK ? SERVICE_ACCEPTED : SERVICE_REFUSED;
}

enum service_answer
service_queue_entries(const char *path, const struct service_entries *wanted,
    struct failure *why)
{
	struct service_request	r = { .path = path };
	enum service_answer	answer = request_open(&r, "ENTRIES",
				    wanted->id, why);

	if (answer != SERVICE_ACCEPTED)
		return answer;
	if (!service_queue_read(&r.stream, wanted, why))
		answer = refused(&r, why);
	stream_close(&r.stream);
	return answer;
}

/* ------------------------------------------------------------------ entries */

static bool
failed_line(struct failure *why)
{
	return failed(why, EX_PROTOCOL, "invalid line in the reply of the "
	    "service to XRELAIS ENTRIES");
}

static bool
failed_end(struct failure *why)
{
	return failed(why, EX_TEMPFAIL, "the connection was closed before the "
	    "end of the list");
}

/*
 * Passes so many octets to the buffer or, if it is NULL, to the file.  Memory
 * is allocated only for octets that have arrived.
 */
static bool
copy_octets(struct stream *s, uint64_t left, struct buffer *to, int fd,
    struct failure *why)
{
	while (left > 0) {
		const char	*data;
		ssize_t		 n = stream_peek(s, &data, why);

		if (n < 0)
			return false;
		if (n == 0)
			return failed_end(why);
		if ((uint64_t)n > left)
			n = (ssize_t)left;
		if (to != NULL)
			buffer_add(to, data, (size_t)n);
		else if (!file_write(fd, data, (size_t)n))
			return failed_errno(why, EX_CANTCREAT, "cannot write "
			    "the message to a temporary file");
		stream_consume(s, (size_t)n);
		left -= (uint64_t)n;
	}
	return true;
}

static bool
read_whole(struct entry *entry, struct stream *s,
    const struct service_entry *head, struct failure *why)
{
	const struct spool		 none = { 0 };
	struct spill_directories	 spill;
	int				 fd = -1;

	spool_config_spill(&spill, &none);
	for (const char **d = spill.directory; fd == -1 && *d != NULL; d++)
		fd = file_unnamed(*d);
	if (fd == -1)
		fd = file_in_memory();
	if (fd == -1)
		return failed_errno(why, EX_CANTCREAT, "cannot create a "
		    "temporary file");
	if (copy_octets(s, head->length, NULL, fd, why))
		return entry_adopt(entry, head->id, fd, why);
	close(fd);
	return false;
}

static bool
read_envelope(struct entry *entry, struct stream *s,
    const struct service_entry *head, struct failure *why)
{
	struct buffer	text = { 0 };
	bool		good;

	good = copy_octets(s, head->length, &text, -1, why) &&
	    entry_adopt_envelope(entry, head->id, &text, head->size, why);
	buffer_free(&text);
	return good;
}

/* Reads a transcript after its line, "transcript 1204". */
static bool
read_transcript(struct stream *s, const struct service_entries *wanted,
    const char *line, struct buffer *to, struct failure *why)
{
	unsigned long	len;
	char		again[40];

	if (wanted->id == NULL || to->len > 0 ||
	    sscanf(line, "transcript %10lu", &len) != 1 || len == 0 ||
	    len > LAST_ATTEMPT_MAX)
		return failed_line(why);
	snprintf(again, sizeof(again), "transcript %lu", len);
	return strcmp(line, again) == 0 ? copy_octets(s, len, to, -1, why) :
	    failed_line(why);
}

/* The transcript is that of the entry; it is empty afterwards. */
static bool
read_entry(struct stream *s, const struct service_entries *wanted,
    const struct service_entry *head, struct buffer *transcript,
    struct failure *why)
{
	struct entry	entry = { .name = NULL };
	bool		good;

	if (wanted->id != NULL)
		good = strcmp(head->id, wanted->id) == 0 &&
		    head->length == head->size;
	else
		good = head->length > 0 && head->length <= ENVELOPE_FILE_MAX;
	if (!good)
		return failed_line(why);
	good = wanted->id != NULL ? read_whole(&entry, s, head, why) :
	    read_envelope(&entry, s, head, why);
	if (good) {
		entry.dir = head->dir;
		entry.next = head->next;
		entry.locked = head->locked;
		entry.transcript = *transcript;
		*transcript = (struct buffer){ 0 };
		wanted->each(wanted->context, &entry);
	}
	entry_close(&entry);
	return good;
}

/* Returns false, with why, unless a whole line without a NUL was read. */
static bool
read_line(struct stream *s, struct buffer *line, struct failure *why)
{
	buffer_clear(line);
	switch (stream_read_line(s, line, SERVICE_ENTRY_LINE_MAX, NULL, why)) {
	case STREAM_LINE:
		if (line->len > 0 && strlen(line->data) == line->len)
			return true;
		break;
	case STREAM_CLOSED:
		return failed_end(why);
	case STREAM_FAILED:
		return false;
	case STREAM_LONG:
		break;
	}
	return failed_line(why);
}

bool
service_queue_read(struct stream *s, const struct service_entries *wanted,
    struct failure *why)
{
	enum spool_dir	dir = SPOOL_QUEUE;
	struct buffer		line = { 0 }, transcript = { 0 };
	struct service_entry	head;
	bool			good, ended = false;

	do {
		good = read_line(s, &line, why);
		ended = good && strcmp(line.data, "end") == 0;
		if (!good || ended)
			break;
		if (strncmp(line.data, "transcript ", 11) == 0) {
			good = read_transcript(s, wanted, line.data,
			    &transcript, why);
			continue;
		}
		good = service_entry_parse(&head, line.data, why);
		if (good && head.dir < dir)
			good = failed_line(why);
		dir = head.dir;
		good = good && read_entry(s, wanted, &head, &transcript, why);
	} while (good);
	buffer_free(&line);
	buffer_free(&transcript);
	return ended;
}
