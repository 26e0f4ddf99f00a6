#include "queue/entry.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/files.h"
#include "queue/id.h"
#include "queue/last_attempt.h"
#include "util/clock.h"
#include "util/memory.h"

enum {
	FIRST_READ = 4096,	/* holds most envelopes */
	NAME_TRIES = 16,
};

static int
dir_fd(const struct entry *entry)
{
	return entry->spool->dir[entry->dir];
}

/* Adds "DIR/queue/ID: ", or the name of an entry outside the spool. */
static bool
add_name(const struct entry *entry, struct failure *why)
{
	if (entry->spool == NULL)
		return failure_prefix(why, "%s: ", entry->name);
	return failure_prefix(why, "%s/%s/%s: ", entry->spool->directory,
	    spool_dir_name(entry->dir), entry->name);
}

static bool
failed_entry(const struct entry *entry, const char *what, struct failure *why)
{
	failed_errno(why, files_status(errno), "%s", what);
	return add_name(entry, why);
}

static enum entry_result
bad_entry(const struct entry *entry, const char *what, struct failure *why)
{
	failed(why, EX_DATAERR, "%s", what);
	add_name(entry, why);
	return ENTRY_BAD;
}

static enum entry_result
unreadable(const struct entry *entry, const char *what, struct failure *why)
{
	failed_entry(entry, what, why);
	return ENTRY_TROUBLE;
}

/* Examines the file without opening it. */
static enum entry_result
look_at_name(const struct entry *entry, struct stat *st, struct failure *why)
{
	if (fstatat(dir_fd(entry), entry->name, st,
	    AT_SYMLINK_NOFOLLOW) == 0)
		return ENTRY_OPENED;
	if (errno == ENOENT || errno == ENAMETOOLONG)
		return ENTRY_GONE;
	return unreadable(entry, "cannot be examined", why);
}

static enum entry_result
check_file(const struct entry *entry, const struct stat *st,
    struct failure *why)
{
	if (!S_ISREG(st->st_mode))
		return bad_entry(entry, "not a regular file", why);
	if (st->st_nlink == 0)
		return ENTRY_GONE;
	if (st->st_nlink > 1)
		return bad_entry(entry, "has more than one hard link", why);
	if (st->st_uid != entry->spool->owner)
		return bad_entry(entry, "belongs to another user", why);
	if (!id_is_valid(entry->name))
		return bad_entry(entry, "the file name is not a queue ID", why);
	return ENTRY_OPENED;
}

/*
 * Examines the file by its name, because opening a device can have an effect;
 * then the open file; and its name again after locking it, because the process
 * that had the lock may have removed it.
 */
static enum entry_result
open_by_name(struct entry *entry, enum entry_access access, struct failure *why)
{
	struct stat		st, named;
	enum entry_result	result = look_at_name(entry, &named, why);

	if (result == ENTRY_OPENED)
		result = check_file(entry, &named, why);
	if (result != ENTRY_OPENED)
		return result;
	entry->fd = files_open(dir_fd(entry), entry->name, O_NONBLOCK |
	    O_NOCTTY | (access == ENTRY_WORK ? O_RDWR : O_RDONLY));
	if (entry->fd < 0 && errno == ENOENT)
		return ENTRY_GONE;
	if (entry->fd < 0)
		return errno == EACCES || errno == ELOOP || errno == ENXIO ?
		    bad_entry(entry, "cannot be opened", why) :
		    unreadable(entry, "cannot be opened", why);
	if (access == ENTRY_WORK && !files_lock(entry->fd, false))
		return errno == EAGAIN ? ENTRY_LOCKED :
		    unreadable(entry, "cannot be locked", why);
	entry->locked = access == ENTRY_LOOK && files_is_locked(entry->fd);
	if (fstat(entry->fd, &st) != 0)
		return unreadable(entry, "cannot be examined", why);
	result = check_file(entry, &st, why);
	if (result == ENTRY_OPENED && access == ENTRY_WORK)
		result = look_at_name(entry, &named, why);
	if (result != ENTRY_OPENED)
		return result;
	entry->size = (uint64_t)st.st_size;
	entry->next = (int64_t)st.st_mtime;
	return st.st_ino == named.st_ino && st.st_dev == named.st_dev ?
	    ENTRY_OPENED : ENTRY_GONE;
}

/* Appends the octets [from, to) of the file to the buffer. */
static enum entry_result
read_range(const struct entry *entry, struct buffer *b, uint64_t from,
    uint64_t to, struct failure *why)
{
	size_t	len = (size_t)(to - from);

	if (!files_pread(entry->fd, buffer_room(b, len), len, (off_t)from))
		return errno == 0 ? bad_entry(entry, "is truncated", why) :
		    unreadable(entry, "cannot be read", why);
	b->len += len;
	b->data[b->len] = '\0';
	return ENTRY_OPENED;
}

/* Parses .text, which is the whole envelope. */
static enum entry_result
parse_envelope_file(struct entry *entry, struct failure *why)
{
	struct failure	line;
	size_t		len = entry->text.len;

	if (!envelope_file_parse(&entry->file, entry->text.data, len, &line))
		return bad_entry(entry, line.text, why);
	if (entry->size < len || entry->file.message_size !=
	    entry->size - len)
		return bad_entry(entry, "the size differs from the size in the "
		    "header", why);
	return ENTRY_OPENED;
}

static enum entry_result
read_envelope_file(struct entry *entry, struct failure *why)
{
	uint64_t		first = entry->size < FIRST_READ ?
	    entry->size : FIRST_READ;
	enum entry_result	result;
	size_t			len;

	result = read_range(entry, &entry->text, 0, first, why);
	if (result != ENTRY_OPENED)
		return result;
	len = envelope_file_length(entry->text.data, entry->text.len);
	if (len == 0 || len > entry->size)
		return bad_entry(entry, "is not a queued message", why);
	if (len > first)
		result = read_range(entry, &entry->text, first, len, why);
	if (result != ENTRY_OPENED)
		return result;
	entry->text.len = len;
	return parse_envelope_file(entry, why);
}

static enum entry_result
load_message(struct entry *entry, struct failure *why)
{
	const struct envelope_file	*file = &entry->file;
	struct message			*message = &entry->message;
	struct buffer			 text = { 0 };
	enum entry_result		 result;

	if (file->header_size > ENVELOPE_FILE_HEADER_MAX)
		return bad_entry(entry, "the header is too long", why);
	result = read_range(entry, &text, file->message_at,
	    file->message_at + file->header_size, why);
	if (result == ENTRY_OPENED &&
	    !header_read(&message->header, text.data, text.len,
	    ENVELOPE_FILE_FIELDS_MAX))
		result = bad_entry(entry, "the header is invalid", why);
	buffer_free(&text);
	if (result != ENTRY_OPENED)
		return result;
	message->header_8bit = file->header_8bit;
	message->body.has_8bit = file->body_8bit;
	/* Always dot-stuffed: a final dot in an edited file ends nothing. */
	message->body.has_dots = true;
	message->body.longest_line = file->longest_line;
	message->body.size = file->message_size - file->header_size;
	message->body.offset = (off_t)(file->message_at +
	    file->header_size);
	message->body.fd = fcntl(entry->fd, F_DUPFD_CLOEXEC, 3);
	if (message->body.fd < 0)
		return unreadable(entry, "the message cannot be opened", why);
	return ENTRY_OPENED;
}

bool
entry_load(struct entry *entry, struct failure *why)
{
	if (entry->dir == SPOOL_FAILED && entry->spool != NULL)
		last_attempt_read(&entry->transcript, entry->spool,
		    entry->name);
	return load_message(entry, why) == ENTRY_OPENED;
}

/* In failed/, the modification time is when the entry was given up. */
static void
set_time_of_failure(struct entry *entry)
{
	const struct timespec	times[2] = {
		{ .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_NOW },
	};

	entry->next = clock_now();
	/* By name, because it need not be a file.  Only the time is lost. */
	utimensat(entry->spool->dir[SPOOL_FAILED], entry->name, times,
	    AT_SYMLINK_NOFOLLOW);
}

/* Under its own name or, if failed/ has a file of that name, a new ID. */
static bool
move_to_failed(struct entry *entry)
{
	int	from = dir_fd(entry);
	int	to = entry->spool->dir[SPOOL_FAILED];
	char	name[ID_SIZE];
	bool	moved = files_move(from, entry->name, to, entry->name);

	for (int i = 0; !moved && errno == EEXIST && i < NAME_TRIES; i++) {
		id_make(name, entry->file.arrived_us, arc4random());
		moved = files_move(from, entry->name, to, name);
		if (moved) {
			free(entry->name);
			entry->name = memory_copy(name);
		}
	}
	if (!moved)
		return false;
	entry->dir = SPOOL_FAILED;
	set_time_of_failure(entry);
	return files_sync(to) && files_sync(from);
}

enum entry_result
entry_open(struct entry *entry, struct spool *spool, enum spool_dir dir,
    const char *name, enum entry_access access, struct failure *why)
{
	enum entry_result	result;
	struct failure		how;

	*entry = (struct entry){ .fd = -1, .spool = spool, .dir = dir,
	    .message = { .body = { .fd = -1 } } };
	if (name[0] == '.' || name[0] == '\0' || strchr(name, '/') != NULL)
		return ENTRY_GONE;
	entry->name = memory_copy(name);
	result = open_by_name(entry, access, why);
	if (result == ENTRY_OPENED)
		result = read_envelope_file(entry, why);
	if (result == ENTRY_OPENED && access == ENTRY_WORK)
		result = load_message(entry, why);
	if (result == ENTRY_BAD && access == ENTRY_WORK &&
	    dir == SPOOL_QUEUE) {
		if (move_to_failed(entry)) {
			failure_suffix(why, "; moved to %s/failed/%s",
			    spool->directory, entry->name);
		} else if (errno == ENOENT) {
			result = ENTRY_GONE;
		} else {
			failed_errno(&how, EX_IOERR,
			    "cannot be moved to failed");
			failure_suffix(why, "; %s", how.text);
		}
	}
	if (result != ENTRY_OPENED)
		entry_close(entry);
	return result;
}

bool
entry_adopt(struct entry *entry, const char *name, int fd,
    struct failure *why)
{
	struct stat	st;

	*entry = (struct entry){ .fd = fd, .name = memory_copy(name),
	    .message = { .body = { .fd = -1 } } };
	if (fstat(fd, &st) != 0)
		return failed_entry(entry, "cannot be examined", why);
	if (!S_ISREG(st.st_mode))
		return failed(why, EX_DATAERR, "%s: not a regular file", name);
	entry->size = (uint64_t)st.st_size;
	return read_envelope_file(entry, why) == ENTRY_OPENED &&
	    load_message(entry, why) == ENTRY_OPENED;
}

bool
entry_take(struct entry *entry, struct spool *spool, const char *name, int fd,
    struct failure *why)
{
	struct stat	st;

	*entry = (struct entry){ .fd = fd, .spool = spool, .dir = SPOOL_QUEUE,
	    .name = memory_copy(name), .message = { .body = { .fd = -1 } } };
	if (fstat(fd, &st) != 0)
		return failed_entry(entry, "cannot be examined", why);
	entry->size = (uint64_t)st.st_size;
	entry->next = (int64_t)st.st_mtime;
	return read_envelope_file(entry, why) == ENTRY_OPENED;
}

bool
entry_adopt_envelope(struct entry *entry, const char *name,
    const struct buffer *text, uint64_t size, struct failure *why)
{
	*entry = (struct entry){ .fd = -1, .name = memory_copy(name),
	    .message = { .body = { .fd = -1 } }, .size = size };
	buffer_add(&entry->text, text->data, text->len);
	return parse_envelope_file(entry, why) == ENTRY_OPENED;
}

static bool
write_range(const struct entry *entry, struct envelope_file_range range)
{
	return files_pwrite(entry->fd, entry->text.data + range.from,
	    range.to - range.from, (off_t)range.from);
}

static bool
rewrite_state(struct entry *entry)
{
	return write_range(entry, envelope_file_rewrite_state(entry->text.data,
	    &entry->file));
}

/* Writes and flushes the state and the time. */
static bool
save_state(struct entry *entry, struct failure *why)
{
	if (rewrite_state(entry) && files_set_time(entry->fd, entry->next) &&
	    files_sync_data(entry->fd))
		return true;
	return failed_entry(entry, "the state cannot be written", why);
}

/* The outcomes with the indexes [first, end), and then the state. */
static bool
save_outcomes(struct entry *entry, size_t first, size_t end,
    struct failure *why)
{
	if (write_range(entry, envelope_file_rewrite_outcomes(entry->text.data,
	    entry->text.len, &entry->file, first, end)))
		return save_state(entry, why);
	return failed_entry(entry, "the outcomes cannot be written", why);
}

bool
entry_prove(struct entry *entry, struct failure *why)
{
	if (write_range(entry, envelope_file_changeable(entry->text.data,
	    entry->text.len)) && files_set_time(entry->fd, entry->next) &&
	    files_sync_data(entry->fd))
		return true;
	return failed_entry(entry, "cannot be written; the message is not "
	    "sent", why);
}

bool
entry_record(struct entry *entry, const struct outcome *outcomes,
    struct failure *why)
{
	struct envelope_file	*file = &entry->file;
	size_t			 first = file->envelope.n, end = 0;

	for (size_t i = 0; i < file->envelope.n; i++) {
		struct outcome		*old = &file->outcomes[i];
		const struct outcome	*new = &outcomes[i];
		bool			 delay_reported;

		if (old->kind != OUTCOME_WAITING ||
		    (new->kind == OUTCOME_WAITING &&
		    outcome_text(new)[0] == '\0'))
			continue;
		delay_reported = old->delay_reported;
		outcome_set(old, new);
		old->delay_reported = delay_reported;
		if (old->kind == OUTCOME_DEFERRED)
			old->kind = OUTCOME_WAITING;
		if (first > i)
			first = i;
		end = i + 1;
		if (new->kind != OUTCOME_DELIVERED)
			strlcpy(file->reason, outcome_text(new),
			    sizeof(file->reason));
	}
	return end == 0 || save_outcomes(entry, first, end, why);
}

bool
entry_mark_delay(struct entry *entry, struct failure *why)
{
	struct envelope_file	*file = &entry->file;

	for (size_t i = 0; i < file->envelope.n; i++)
		if (file->outcomes[i].kind == OUTCOME_WAITING &&
		    (file->envelope.forward[i].notify & NOTIFY_DELAY))
			file->outcomes[i].delay_reported = true;
	return save_outcomes(entry, 0, file->envelope.n, why);
}

bool
entry_doubt(struct entry *entry, struct failure *why)
{
	struct envelope_file	*file = &entry->file;

	for (size_t i = 0; i < file->envelope.n; i++)
		if (file->outcomes[i].kind == OUTCOME_WAITING)
			file->outcomes[i].in_doubt = true;
	return save_outcomes(entry, 0, file->envelope.n, why);
}

bool
entry_defer(struct entry *entry, int64_t next, bool asked,
    struct failure *why)
{
	entry->file.attempts++;
	entry->file.asked += asked;
	entry->next = next;
	if (rewrite_state(entry) && files_set_time(entry->fd, next))
		return true;
	return failed_entry(entry, "the state cannot be written", why);
}

void
entry_explain(struct entry *entry, const char *reason)
{
	strlcpy(entry->file.reason, reason, sizeof(entry->file.reason));
	/* The failure that it explains is reported anyway. */
	if (rewrite_state(entry))
		files_set_time(entry->fd, entry->next);
}

bool
entry_postpone(struct entry *entry, int64_t next, struct failure *why)
{
	entry->next = next;
	return files_set_time(entry->fd, next) ||
	    failed_entry(entry, "the time of the next attempt cannot be set",
	    why);
}

bool
entry_mark_notice(struct entry *entry, struct failure *why)
{
	entry->file.notice_sent = true;
	return save_state(entry, why);
}

bool
entry_hold(struct entry *entry, bool held, struct failure *why)
{
	entry->file.held = held;
	entry->file.collected = false;
	return save_state(entry, why);
}

bool
entry_fail(struct entry *entry, const char *reason, struct failure *why)
{
	strlcpy(entry->file.reason, reason, sizeof(entry->file.reason));
	return save_state(entry, why) && entry_set_aside(entry, why);
}

bool
entry_set_aside(struct entry *entry, struct failure *why)
{
	if (entry->dir == SPOOL_FAILED || move_to_failed(entry))
		return true;
	return failed_entry(entry, "cannot be moved to failed", why);
}

bool
entry_remove(struct entry *entry, struct failure *why)
{
	int	result;

	if (entry->dir == SPOOL_FAILED)
		last_attempt_remove(entry->spool, entry->name);
	do
		result = unlinkat(dir_fd(entry), entry->name, 0);
	while (result != 0 && errno == EINTR);
	if (result == 0 || errno == ENOENT)
		return true;
	return failed_entry(entry, "cannot be removed", why);
}

void
entry_close(struct entry *entry)
{
	if (entry->name == NULL)
		return;
	envelope_file_free(&entry->file);
	message_free(&entry->message);
	buffer_free(&entry->text);
	buffer_free(&entry->transcript);
	if (entry->fd >= 0)
		close(entry->fd);
	free(entry->name);
	entry->name = NULL;
	entry->fd = -1;
}
