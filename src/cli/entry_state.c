#include "cli/entry_state.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "cli/output.h"
#include "util/clock.h"
#include "util/visible.h"

/* The service runs the queue once a minute; a timer may take longer. */
enum { OVERDUE_S = 15 * 60 };

const char *
entry_state_word(const struct entry *e)
{
	if (e->dir == SPOOL_FAILED)
		return "failed";
	if (e->locked)
		return "being sent";
	if (e->file.collected)
		return "collected";
	return e->file.held ? "held" : "waiting";
}

const char *
entry_state_queue(const struct entry *e)
{
	if (e->dir == SPOOL_FAILED)
		return "failed";
	if (e->locked)
		return "active";
	if (e->file.held)
		return "hold";
	return e->file.attempts > 0 || e->file.collected ? "deferred" :
	    "incoming";
}

const char *
entry_state_recipient(const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_WAITING:
	case OUTCOME_DEFERRED:
		return "waiting";
	case OUTCOME_DELIVERED:
		return "delivered";
	case OUTCOME_FAILED:
		break;
	}
	return "failed";
}

static void
describe_holder(char *to, size_t size, const struct entry *e,
    struct lock_holders *holders)
{
	const char		*what = e->dir == SPOOL_FAILED ? "in use" :
				    "being sent now";
	const struct lock_holder *h = e->spool != NULL ?
				    lock_holders_find(holders, e->fd) : NULL;
	char			 shown[4 * sizeof(h->program)];

	if (h == NULL)
		strlcpy(to, what, size);
	else
		snprintf(to, size, "%s by process %ld (%s)", what,
		    (long)h->pid, visible(shown, sizeof(shown), h->program,
		    strlen(h->program)));
}

static bool
is_in_doubt(const struct envelope_file *d)
{
	for (size_t i = 0; i < d->envelope.n; i++)
		if (d->outcomes[i].kind == OUTCOME_WAITING &&
		    d->outcomes[i].in_doubt)
			return true;
	return false;
}

static void
describe_digest(char *to, size_t size, const struct entry *e, size_t others)
{
	char	date[OUTPUT_TIME], with[64] = "";

	if (e->file.digest != NULL) {
		strlcpy(to, "an incomplete digest; the next queue run "
		    "completes and sends it", size);
		return;
	}
	if (others > 0)
		snprintf(with, sizeof(with), " with %zu other%s", others,
		    others == 1 ? "" : "s");
	snprintf(to, size, "collected: will be sent%s in a digest at %s; to "
	    "send it on its own: relais queue release %s", with,
	    output_format_time(date, e->next), e->name);
}

static bool
has_waiting(const struct envelope_file *d)
{
	for (size_t i = 0; i < d->envelope.n; i++)
		if (d->outcomes[i].kind == OUTCOME_WAITING)
			return true;
	return false;
}

/* Whether the file system allows no attempt: nothing could be recorded. */
static bool
is_read_only(const struct entry *e)
{
	struct statvfs	fs;

	return e->spool != NULL && fstatvfs(e->fd, &fs) == 0 &&
	    (fs.f_flag & ST_RDONLY) != 0;
}

char *
entry_state_reason(char to[ENTRY_STATE_REASON], const struct entry *e,
    struct entry_state *all)
{
	int64_t	now = clock_now();
	char	date[OUTPUT_TIME];

	to[0] = '\0';
	if (e->locked)
		describe_holder(to, ENTRY_STATE_REASON, e, &all->holders);
	else if (e->dir == SPOOL_FAILED)
		to[0] = '\0';
	else if (e->file.held)
		snprintf(to, ENTRY_STATE_REASON, "held; to send it: relais "
		    "queue release %s", e->name);
	else if (e->file.collected && e->next >= now - OVERDUE_S)
		describe_digest(to, ENTRY_STATE_REASON, e,
		    collected_others(&all->collected, e));
	else if (is_read_only(e))
		strlcpy(to, "cannot be sent: the file system of the queue is "
		    "read-only", ENTRY_STATE_REASON);
	else if (!has_waiting(&e->file))
		strlcpy(to, "no recipient is waiting; the next queue run "
		    "removes the message", ENTRY_STATE_REASON);
	else if (is_in_doubt(&e->file) && e->next > now)
		snprintf(to, ENTRY_STATE_REASON, "may have been delivered "
		    "already; next attempt at %s, or now with: relais queue "
		    "flush %s", output_format_time(date, e->next), e->name);
	else if (e->next < now - OVERDUE_S)
		snprintf(to, ENTRY_STATE_REASON, "due since %s, but no queue "
		    "run has sent it; start relais serve, or a timer for "
		    "relais queue run",
		    output_format_time(date, e->next));
	return to;
}

const char *
entry_state_last(const struct entry *e)
{
	if (e->file.reason[0] != '\0')
		return e->file.reason;
	return e->dir == SPOOL_FAILED || e->file.attempts > 0 ?
	    "the reason was not recorded" : "not tried yet";
}

const char *
entry_state_reply(const struct entry *e, size_t i)
{
	const char	*text = outcome_text(&e->file.outcomes[i]);

	return text[0] != '\0' ? text : entry_state_last(e);
}

void
entry_state_free(struct entry_state *all)
{
	collected_free(&all->collected);
	lock_holders_free(&all->holders);
}
