#include "runner/collect.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "queue/commit.h"
#include "queue/storm.h"
#include "runner/alarm.h"
#include "submit/digest.h"
#include "submit/spool_config.h"
#include "util/memory.h"
#include "util/sandbox.h"

enum {
	/*
	 * A smaller limit than that of most servers (Postfix: 10240000 octets),
	 * because a message can grow if it is encoded.
	 */
	DIGEST_SIZE_MAX = 5 * 1024 * 1024,
	DIGEST_MESSAGES_MAX = 400,
	MESSAGE_FILES = 2,		/* descriptors for each message, */
	OTHER_FILES = 64,		/* and for everything else */
	PART_OVERHEAD = 200,		/* octets for each message */
	BAD_MAX = EX__BASE - 1,		/* a greater exit status is an error */
};

struct collected {
	char		 id[ID_SIZE];
	char		*key;		/* owned; of its group */
};

struct collector {
	const struct collect_options	*options;
	int64_t				 now;
	struct collected		*found;		/* owned */
	size_t				 n;
	size_t				 cap;

	/* The entries that are locked for the next digest. */
	struct entry			*member;	/* owned */
	size_t				 n_members;
	size_t				 most;		/* of them */
	size_t				 bad;		/* moved to failed/ */
};

static void
log_failure(const struct collector *c, const struct failure *why)
{
	log_line(c->options->log, LOG_ERR, "%s", why->text);
}

/* If the key was removed or the clock was set back, an entry is due, too. */
static bool
is_due(const struct collector *c, const struct entry *e)
{
	const struct config_subject	subject = {
		.from = e->file.envelope.reverse_path,
		.user = e->file.caller,
	};
	uint64_t			limit;
	int64_t				ms;

	return c->options->early || e->next <= c->now ||
	    !config_rate(c->options->config, &subject, KEY_STORM, &limit,
	    &ms) || e->next - c->now > ms / 1000;
}

/* Opens a collected entry and locks it.  Errors are logged. */
static bool
open_collected(struct collector *c, struct entry *e, const char *id)
{
	struct failure	why;

	switch (entry_open(e, c->options->spool, SPOOL_QUEUE, id, ENTRY_WORK,
	    &why)) {
	case ENTRY_OPENED:
		/* It may have been released since the queue was listed. */
		if (e->file.collected)
			return true;
		entry_close(e);
		break;
	case ENTRY_BAD:
		alarm_note_given_up(c->options->spool, 1, why.text, c->now);
		c->bad++;
		/* FALLTHROUGH */
	case ENTRY_TROUBLE:
		log_failure(c, &why);
		break;
	case ENTRY_LOCKED:
	case ENTRY_GONE:
		break;
	}
	return false;
}

static bool
remove_id(const struct collector *c, const char *id, struct failure *why)
{
	struct spool	*spool = c->options->spool;
	int		 result;

	do
		result = unlinkat(spool->dir[SPOOL_QUEUE], id, 0);
	while (result != 0 && errno == EINTR);
	return result == 0 || errno == ENOENT || failed_errno(why, EX_IOERR,
	    "%s/queue/%s: cannot be removed", spool->directory, id);
}

/*
 * Removes the messages of a digest that is committed and locked, and lets queue
 * runs send it.  If this fails, the next queue run does it.
 */
static bool
complete_digest(const struct collector *c, struct entry *digest,
    struct failure *why)
{
	char	*ids = memory_copy(digest->file.digest), *rest = ids;
	char	*id;
	bool	 good = true;

	while (good && (id = strsep(&rest, " ")) != NULL)
		good = remove_id(c, id, why);
	free(ids);
	digest->next = c->now;
	return good && spool_sync(c->options->spool, why) &&
	    entry_hold(digest, false, why);
}

/* An earlier queue run was killed before the digest was complete. */
static void
recover_digest(struct collector *c, const char *id)
{
	struct entry	digest;
	struct failure	why;

	if (!open_collected(c, &digest, id))
		return;
	if (digest.file.digest != NULL) {
		/* The digest must not disappear after its messages. */
		if (spool_sync(c->options->spool, &why) &&
		    complete_digest(c, &digest, &why))
			log_entry(c->options->log, LOG_INFO, id, ": the digest "
			    "was interrupted, and is now complete");
		else
			log_failure(c, &why);
	}
	entry_close(&digest);
}

/* Finds the collected entries that are due. */
static void
find_collected(struct collector *c, const struct spool_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const char	*name = list->item[i].name;
		struct entry	 e;
		struct failure	 ignored;	/* a queue run reports it */

		if (!list->item[i].is_file || entry_open(&e, c->options->spool,
		    SPOOL_QUEUE, name, ENTRY_LOOK, &ignored) != ENTRY_OPENED)
			continue;
		if (e.file.collected && e.file.digest != NULL) {
			recover_digest(c, name);
		} else if (e.file.collected && is_due(c, &e)) {
			struct buffer		 key = { 0 };
			struct collected	*found;

			c->found = memory_room(c->found, c->n, &c->cap,
			    sizeof(*c->found));
			found = &c->found[c->n++];
			strlcpy(found->id, name, sizeof(found->id));
			storm_key(&key, e.file.uid, &e.file.envelope,
			    e.file.outcomes);
			found->key = buffer_take(&key);
		}
		entry_close(&e);
	}
}

static int
compare_collected(const void *a, const void *b)
{
	const struct collected	*x = a, *y = b;
	int			 order = strcmp(x->key, y->key);

	return order != 0 ? order : strcmp(x->id, y->id);
}

/* Commits the digest of the members, with its lock. */
static bool
commit_digest(struct collector *c, const struct message *message,
    struct entry *digest, struct failure *why)
{
	const struct envelope_file	*first = &c->member[0].file;
	struct spool			*spool = c->options->spool;
	uint64_t			 size_max = spool->size_max;
	struct envelope			 env = first->envelope;	/* borrowed */
	struct buffer			 ids = { 0 };
	char				 id[ID_SIZE], reason[80];
	int				 fd = -1;
	struct spool_submission		 submission = {
		.envelope = &env,
		.message = message,
		.reason = reason,
		.next = c->now,
		.collected = true,
		.uid = first->uid,
		.caller = first->caller,
		.keep = &fd,
	};
	bool				 good;

	for (size_t i = 0; i < c->n_members; i++)
		buffer_addf(&ids, "%s%s", i > 0 ? " " : "", c->member[i].name);
	submission.digest = ids.data;
	/* A bounce with the header only would lose the messages. */
	env.ret = RETURN_FULL;
	snprintf(reason, sizeof(reason), "a digest of %zu messages",
	    c->n_members);
	/* It takes the room of its messages. */
	spool->size_max = 0;
	good = spool_commit(spool, &submission, id, why);
	spool->size_max = size_max;
	if (good)
		good = entry_take(digest, spool, id, fd, why);
	buffer_free(&ids);
	return good;
}

static bool
send_alone(struct collector *c, struct failure *why)
{
	struct entry	*e = &c->member[0];

	e->next = c->now;
	if (!entry_hold(e, false, why))
		return false;
	log_entry(c->options->log, LOG_INFO, e->name, " is the only collected "
	    "message, and is sent without a digest");
	return true;
}

static bool
send_digest(struct collector *c, struct failure *why)
{
	const struct collect_options	*o = c->options;
	const struct entry		**members = memory_new(c->n_members,
					    sizeof(*members));
	struct identity			 owner = *o->me;
	struct digest_options		 options = {
		.config = o->config, .me = &owner, .spool = o->spool,
		.member = members, .n = c->n_members, .now = c->now,
	};
	struct entry			 digest = { .fd = -1 };
	struct message			 message;
	bool				 good;

	owner.user = c->member[0].file.caller;
	for (size_t i = 0; i < c->n_members; i++)
		members[i] = &c->member[i];
	good = digest_make(&message, &options, why) &&
	    commit_digest(c, &message, &digest, why) &&
	    complete_digest(c, &digest, why);
	for (size_t i = 0; good && i < c->n_members; i++)
		log_entry(o->log, LOG_INFO, c->member[i].name, " is sent in "
		    "the digest id=%s", digest.name);
	entry_close(&digest);
	message_free(&message);
	free(members);
	return good;
}

/* Sends the members, which are not locked afterwards. */
static void
send_members(struct collector *c)
{
	struct failure	why;
	bool		good = true;

	if (c->n_members == 1)
		good = send_alone(c, &why);
	else if (c->n_members > 1)
		good = send_digest(c, &why);
	if (!good) {
		failure_prefix(&why, "%zu collected message%s wait%s: ",
		    c->n_members, c->n_members == 1 ? "" : "s",
		    c->n_members == 1 ? "s" : "");
		log_failure(c, &why);
	}
	for (size_t i = 0; i < c->n_members; i++)
		entry_close(&c->member[i]);
	c->n_members = 0;
}

static uint64_t
size_max(const struct collector *c)
{
	uint64_t	limit = config_number(c->options->config, NULL,
			    KEY_MESSAGE_SIZE_LIMIT);

	return limit > 0 && limit < DIGEST_SIZE_MAX ? limit : DIGEST_SIZE_MAX;
}

/* Sends the entries [from, to), which are a group. */
static void
send_group(struct collector *c, size_t from, size_t to)
{
	uint64_t	octets = 0;

	for (size_t i = from; i < to; i++) {
		struct entry	*e = &c->member[c->n_members];
		uint64_t	 size;

		if (!open_collected(c, e, c->found[i].id))
			continue;
		size = e->file.message_size + PART_OVERHEAD;
		if (c->n_members == c->most ||
		    (c->n_members > 0 && octets + size > size_max(c))) {
			struct entry	next = *e;

			send_members(c);
			octets = 0;
			c->member[0] = next;
		}
		c->n_members++;
		octets += size;
	}
	send_members(c);
}

static void
send_collected(struct collector *c)
{
	if (c->n > 1)
		qsort(c->found, c->n, sizeof(*c->found), compare_collected);
	c->member = memory_new(c->most + 1, sizeof(*c->member));
	for (size_t from = 0, to; from < c->n; from = to) {
		to = from + 1;
		while (to < c->n && strcmp(c->found[from].key,
		    c->found[to].key) == 0)
			to++;
		send_group(c, from, to);
	}
	for (size_t i = 0; i < c->n; i++)
		free(c->found[i].key);
	free(c->found);
	free(c->member);
}

/* The messages of a digest, whose files are open at the same time. */
static size_t
find_most(void)
{
	const rlim_t	wanted = DIGEST_MESSAGES_MAX * MESSAGE_FILES +
			    OTHER_FILES;
	struct rlimit	files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0)
		return 2;
	if (files.rlim_cur < wanted) {
		files.rlim_cur = wanted < files.rlim_max ? wanted :
		    files.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &files) != 0 &&
		    getrlimit(RLIMIT_NOFILE, &files) != 0)
			return 2;
	}
	if (files.rlim_cur >= wanted)
		return DIGEST_MESSAGES_MAX;
	if (files.rlim_cur < OTHER_FILES + 2 * MESSAGE_FILES)
		return 2;
	return (size_t)(files.rlim_cur - OTHER_FILES) / MESSAGE_FILES;
}

/* Whether there can be a collected entry that is due, without opening one. */
static bool
is_needed(const struct collect_options *o, const struct spool_list *list)
{
	if (list->n == 0)
		return false;
	return config_is_set(o->config, KEY_STORM) ||
	    storm_was_used(o->spool);
}

bool
collect_run(const struct collect_options *o, const struct spool_list *list,
    int64_t now, size_t *bad)
{
	struct collector	c = { .options = o, .now = now };
	struct sandbox		sandbox = spool_config_sandbox(o->spool);
	pid_t			pid;
	int			status;

	*bad = 0;
	if (!is_needed(o, list))
		return false;
	pid = fork();
	if (pid == -1) {
		log_line(o->log, LOG_ERR, "collected messages wait: cannot "
		    "start a process: %s", strerror(errno));
		return false;
	}
	if (pid == 0) {
		c.most = find_most();
		sandbox_enter(&sandbox);
		find_collected(&c, list);
		send_collected(&c);
		_exit(c.bad < BAD_MAX ? (int)c.bad : BAD_MAX);
	}
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return true;
	if (WIFEXITED(status) && WEXITSTATUS(status) <= BAD_MAX)
		*bad = (size_t)WEXITSTATUS(status);
	else
		log_line(o->log, LOG_ERR, "collected messages wait: the "
		    "process that makes the digests was ended by %s %d",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
		    WEXITSTATUS(status));
	return true;
}

static bool
contains_id(const char *ids, const char *id)
{
	return ids != NULL && strstr(ids, id) != NULL;
}

bool
collect_may_change(const struct entry *e, struct failure *why)
{
	struct spool_list	list;
	bool			good = true;

	if (!e->file.collected)
		return true;
	if (e->file.digest != NULL)
		return failed(why, EX_TEMPFAIL, "%s: an incomplete digest; "
		    "run relais queue run to complete it", e->name);
	if (!spool_list(&list, e->spool, SPOOL_QUEUE, why))
		return false;
	for (size_t i = 0; good && i < list.n; i++) {
		struct entry	other;
		struct failure	ignored;	/* it is not a digest */

		if (entry_open(&other, e->spool, SPOOL_QUEUE,
		    list.item[i].name, ENTRY_LOOK, &ignored) != ENTRY_OPENED)
			continue;
		if (other.file.collected &&
		    contains_id(other.file.digest, e->name))
			good = failed(why, EX_TEMPFAIL, "%s: is in the digest "
			    "%s, which is not complete; run relais queue run "
			    "to complete it", e->name, other.name);
		entry_close(&other);
	}
	spool_list_free(&list);
	return good;
}
