#include "queue/commit.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "queue/envelope_file.h"
#include "queue/files.h"
#include "queue/usage.h"
#include "util/buffer.h"
#include "util/file.h"
#include "util/memory.h"

enum { COPY_BLOCK = 64 * 1024, NAME_TRIES = 16 };

struct commit {
	struct spool		*spool;
	const struct spool_submission	*submission;
	struct buffer		 head;		/* envelope and header */
	int64_t			 arrived_us;
	char			*id;
	int			 dir;
};

enum commit_result {
	COMMIT_DONE,
	COMMIT_FAILED,
	COMMIT_UNSUPPORTED,	/* by the kernel, file system or sandbox */
};

static bool
failed_commit(const struct commit *c, struct failure *why)
{
	if (c->spool == NULL)
		return failed_errno(why, files_status(errno),
		    "cannot write the message to a temporary file");
	return failed_errno(why, files_status(errno),
	    "cannot store the message in %s/%s", c->spool->directory,
	    spool_dir_name(c->submission->dir));
}

static int64_t
now_us(void)
{
	struct timespec	now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static const char *
reason_of(const struct spool_submission *s)
{
	if (s->reason != NULL)
		return s->reason;
	for (size_t i = s->outcomes != NULL ? s->envelope->n : 0; i-- > 0;)
		if (s->outcomes[i].kind != OUTCOME_DELIVERED &&
		    outcome_text(&s->outcomes[i])[0] != '\0')
			return outcome_text(&s->outcomes[i]);
	return "";
}

static bool
write_entry_head(struct commit *c, struct failure *why)
{
	const struct spool_submission	*s = c->submission;
	const struct message	*message = s->message;
	struct buffer		 header = { 0 };
	bool			 good;
	struct envelope_file	 file = {
		.header_8bit = message->header_8bit,
		.body_8bit = message->body.has_8bit,
		.has_dots = message->body.has_dots,
		.longest_line = message->body.longest_line,
		.arrived_us = c->arrived_us, .uid = s->uid,
		.held = s->held, .collected = s->collected,
		.attempts = s->attempts, .asked = s->asked,
		/* Borrowed: this struct is only read, and not freed. */
		.caller = (char *)s->caller, .digest = (char *)s->digest,
		.envelope = *s->envelope,
		.outcomes = (struct outcome *)s->outcomes,
	};

	strlcpy(file.reason, reason_of(s), sizeof(file.reason));
	header_write(&header, &message->header);
	file.header_size = header.len;
	file.message_size = header.len + message->body.size;
	/* An entry with an invalid header would be moved to failed/. */
	good = (header.len <= ENVELOPE_FILE_HEADER_MAX && header_read(NULL,
	    header.data, header.len, ENVELOPE_FILE_FIELDS_MAX)) ||
	    failed(why, EX_DATAERR, "the header cannot be stored: it is too "
	    "long or contains an invalid field");
	if (good)
		good = envelope_file_write(&c->head, &file, why);
	if (good)
		buffer_add(&c->head, header.data, header.len);
	buffer_free(&header);
	return good;
}

/* Not supported between these two files, or by this kernel. */
static bool
is_no_range_copy(int error)
{
	return error == EXDEV || error == EINVAL || error == ENOSYS ||
	    error == EOPNOTSUPP || error == EBADF || error == EPERM;
}

/* Lets the kernel copy or share the blocks; *done octets are copied. */
static bool
copy_by_kernel(const struct body *body, int fd, uint64_t *done)
{
	off_t	at = body->offset;

	for (*done = 0; *done < body->size;) {
		ssize_t	n = copy_file_range(body->fd, &at, fd, NULL,
		    (size_t)(body->size - *done), 0);

		if (n > 0)
			*done += (uint64_t)n;
		else if (n == 0 || is_no_range_copy(errno))
			return true;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

static bool
copy_by_blocks(const struct commit *c, int fd, uint64_t from,
    struct failure *why)
{
	const struct body	*body = &c->submission->message->body;
	char			*block = memory_new(COPY_BLOCK, 1);
	bool			 good = true;

	while (good && from < body->size) {
		uint64_t	left = body->size - from;
		ssize_t		n = body_read(body, from, block,
		    left < COPY_BLOCK ? (size_t)left : COPY_BLOCK, why);

		if (n <= 0)
			good = false;
		else if (!file_write(fd, block, (size_t)n))
			good = failed_commit(c, why);
		else
			from += (uint64_t)n;
	}
	free(block);
	return good;
}

static bool
write_message_body(const struct commit *c, int fd, struct failure *why)
{
	const struct body	*body = &c->submission->message->body;
	const char		*memory = body_in_memory(body);
	uint64_t		 done;

	if (body->size == 0)
		return true;
	if (memory != NULL)
		return file_write(fd, memory, (size_t)body->size) ||
		    failed_commit(c, why);
	if (!copy_by_kernel(body, fd, &done))
		return failed_commit(c, why);
	return copy_by_blocks(c, fd, done, why);
}

/* Writes and flushes the whole file.  The lock excludes queue runs. */
static bool
fill_file(const struct commit *c, int fd, struct failure *why)
{
	if (!spool_own(c->spool, fd) || !files_lock(fd, false) ||
	    !file_write(fd, c->head.data, c->head.len))
		return failed_commit(c, why);
	if (!write_message_body(c, fd, why))
		return false;
	return (files_set_time(fd, c->submission->next) && files_sync(fd)) ||
	    failed_commit(c, why);
}

/*
 * Gives an unnamed file its name (open(2), O_TMPFILE).  If link(2) reports an
 * error but has made the link, the link is removed: the caller keeps the
 * message.
 */
static bool
link_unnamed(const struct commit *c, int fd)
{
	int	error = EEXIST;

	for (int i = 0; error == EEXIST && i < NAME_TRIES; i++) {
		id_make(c->id, c->arrived_us, arc4random());
		if (file_link(fd, c->dir, c->id))
			return true;
		error = errno;
	}
	if (error != EEXIST)
		unlinkat(c->dir, c->id, 0);
	errno = error;
	return false;
}

/* No /proc, or not supported by the sandbox or the file system. */
static bool
is_no_link(int error)
{
	return error == ENOENT || error == EXDEV || error == EPERM ||
	    error == EACCES || error == EINVAL || error == ENOSYS ||
	    error == EOPNOTSUPP || error == ELOOP;
}

/* After a crash of the machine, a replaced entry may be back, also synced. */
static enum commit_result
sync_dir(const struct commit *c, struct failure *why)
{
	if (files_sync(c->dir) || c->submission->replaces != NULL)
		return COMMIT_DONE;
	failed_commit(c, why);
	if (unlinkat(c->dir, c->id, 0) != 0)
		failure_suffix(why, "; the file %s may remain there", c->id);
	return COMMIT_FAILED;
}

/* The result of close(2) does not matter: the file has been flushed. */
static void
end_file(const struct commit *c, int fd, enum commit_result result)
{
	if (result == COMMIT_DONE && c->submission->keep != NULL)
		*c->submission->keep = fd;
	else
		close(fd);
}

static enum commit_result
make_unnamed(const struct commit *c, struct failure *why)
{
	enum commit_result	result = COMMIT_FAILED;
	int		fd = files_open(c->dir, ".", O_TMPFILE | O_RDWR);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR ||
	    errno == ENOENT || errno == EINVAL))
		return COMMIT_UNSUPPORTED;
	if (fd < 0) {
		failed_commit(c, why);
		return COMMIT_FAILED;
	}
	if (fill_file(c, fd, why)) {
		if (link_unnamed(c, fd))
			result = sync_dir(c, why);
		else if (is_no_link(errno))
			result = COMMIT_UNSUPPORTED;
		else
			failed_commit(c, why);
	}
	end_file(c, fd, result);
	return result;
}

/*
 * Renames the file.  With link(2), the entry would have two names for a moment,
 * and a queue run would move it to failed/.
 */
static bool
rename_named(const struct commit *c, const char *name)
{
	const char	*replaces = c->submission->replaces;

	if (replaces != NULL) {
		strlcpy(c->id, replaces, ID_SIZE);
		return files_replace(c->spool->dir[SPOOL_TMP], name, c->dir,
		    replaces);
	}
	for (int i = 0; i < NAME_TRIES; i++) {
		id_make(c->id, c->arrived_us, arc4random());
		if (files_move(c->spool->dir[SPOOL_TMP], name, c->dir,
		    c->id))
			return true;
		if (errno != EEXIST)
			return false;
	}
	return false;
}

static enum commit_result
make_named(const struct commit *c, struct failure *why)
{
	int		tmp = c->spool->dir[SPOOL_TMP];
	enum commit_result	result = COMMIT_FAILED;
	char		name[ID_SIZE];
	int		fd;

	id_make(name, c->arrived_us, arc4random());
	fd = files_open(tmp, name, O_CREAT | O_EXCL | O_RDWR);
	if (fd < 0) {
		failed_commit(c, why);
		return COMMIT_FAILED;
	}
	if (!fill_file(c, fd, why)) {
		unlinkat(tmp, name, 0);
	} else if (!rename_named(c, name)) {
		failed_commit(c, why);
		unlinkat(tmp, name, 0);
	} else {
		result = sync_dir(c, why);
	}
	end_file(c, fd, result);
	return result;
}

bool
spool_commit(struct spool *spool, const struct spool_submission *submission,
    char id[ID_SIZE], struct failure *why)
{
	struct commit	c = {
		.spool = spool, .submission = submission, .id = id,
		.arrived_us = now_us(),
		.dir = spool->dir[submission->dir],
	};
	enum commit_result	result = COMMIT_FAILED;

	memory_reserve();
	if (write_entry_head(&c, why) && usage_reserve(spool,
	    c.head.len + submission->message->body.size,
	    c.arrived_us / 1000000, why)) {
		result = submission->replaces != NULL ? COMMIT_UNSUPPORTED :
		    make_unnamed(&c, why);
		if (result == COMMIT_UNSUPPORTED)
			result = make_named(&c, why);
	}
	buffer_free(&c.head);
	return result == COMMIT_DONE;
}

bool
spool_write(const struct spool_submission *submission, int fd,
    struct failure *why)
{
	struct commit	c = {
		.submission = submission, .arrived_us = now_us(),
	};
	bool		good = write_entry_head(&c, why);

	if (good && !file_write(fd, c.head.data, c.head.len))
		good = failed_commit(&c, why);
	good = good && write_message_body(&c, fd, why);
	buffer_free(&c.head);
	return good;
}
