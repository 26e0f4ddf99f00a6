#include "runner/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>

#include "queue/commit.h"
#include "queue/last_attempt.h"
#include "queue/retry.h"
#include "relay/mail_log.h"
#include "submit/bounce.h"
#include "submit/pace.h"
#include "submit/prepare.h"
#include "submit/spool_config.h"
#include "submit/tally.h"
#include "util/clock.h"
#include "util/memory.h"
#include "util/visible.h"

enum {
	DELAY_NOTICE_S = 4 * 60 * 60,	/* after this time (RFC 3461: DELAY) */
	NO_SEAT_US = 1100 * 1000,	/* until a connection may be free */
	HELD_S = 60 * 60,		/* until a held entry is due again */
};

/* The notices that an attempt has put into the queue. */
struct notices {
	size_t	n;
	char	id[ATTEMPT_NOTICES_MAX][ID_SIZE];
};

/* The attempt for one entry. */
struct attempt {
	struct attempt_worker	*w;
	char			*name;		/* owned */
	struct entry		 opened;
	enum attempt_result	 result;	/* ATTEMPT_DELIVERED: it can be
						 * made */
	struct entry		*entry;		/* .opened, or of the caller */
	bool			 is_notice;
	struct outcome		*outcomes;	/* of all attempts so far */
	bool			*waited;	/* for each: before this one */
	int64_t			 now;
	struct pace		 pace;
	bool			 proved;	/* the entry can be written */
	bool			 in_doubt;
	bool			 was_in_doubt;	/* before this attempt */

	/* Numbers of recipients. */
	size_t			 before;	/* waiting before the attempt */
	size_t			 waiting;	/* waiting after it */
	size_t			 untried;	/* waiting without an outcome */
	size_t			 not_attempted;	/* waiting, and no server was
						 * asked about them */
	size_t			 failed;
	struct notices		 notices;
};

static int64_t
lifetime_of(const struct attempt_worker *w)
{
	return config_ms(w->config, NULL, KEY_QUEUE_LIFETIME) / 1000;
}

static void
log_failure(struct attempt_worker *w, const struct failure *why)
{
	log_line(w->log, LOG_ERR, "%s", why->text);
	strlcpy(w->error, why->text, sizeof(w->error));
}

static bool
has_text(const char *path, const char *text)
{
	return text == NULL || strcasestr(path, text) != NULL;
}

/*
 * Called with the lock: another queue run may have changed the entry.  Returns
 * ATTEMPT_DELIVERED if an attempt is to be made, else the result.
 */
static enum attempt_result
choose(const struct attempt_worker *w, const struct entry *e, int64_t now)
{
	const struct attempt_choice	*c = w->choice;
	const struct envelope		*env = &e->file.envelope;
	bool				 in_doubt = false, found = false;

	for (size_t i = 0; i < env->n; i++) {
		const struct outcome	*o = &e->file.outcomes[i];

		if (o->kind != OUTCOME_WAITING)
			continue;
		in_doubt |= o->in_doubt;
		found |= has_text(env->forward[i].path, c->recipient);
	}
	if (!has_text(env->reverse_path, c->sender) ||
	    (!found && c->recipient != NULL))
		return ATTEMPT_SKIPPED;
	/* Without an ID, it was to be in a digest (runner/collect.h). */
	if (e->file.collected && c->when == ATTEMPT_WHEN_ANY && c->id == NULL)
		return ATTEMPT_DEFERRED;
	if (e->file.held || e->file.collected)
		return ATTEMPT_HELD;
	if (c->when == ATTEMPT_WHEN_ANY ||
	    retry_is_due(&w->schedule, now, e->next))
		return ATTEMPT_DELIVERED;
	if (c->when == ATTEMPT_WHEN_DUE)
		return ATTEMPT_SKIPPED;
	/* After an attempt in doubt, the delay is an hour (queue/retry.h). */
	return in_doubt ? ATTEMPT_DOUBTFUL : ATTEMPT_DELIVERED;
}

static void
count_outcomes(struct attempt *a)
{
	a->waiting = a->failed = a->not_attempted = a->untried = 0;
	a->in_doubt = false;
	for (size_t i = 0; i < a->entry->file.envelope.n; i++) {
		const struct outcome	*o = &a->outcomes[i];

		a->failed += o->kind == OUTCOME_FAILED;
		a->not_attempted += o->kind == OUTCOME_DEFERRED &&
		    o->not_attempted;
		a->untried += o->kind == OUTCOME_WAITING;
		if (o->kind == OUTCOME_DEFERRED ||
		    o->kind == OUTCOME_WAITING) {
			a->waiting++;
			a->in_doubt |= o->in_doubt;
		}
	}
}

char *
attempt_user(const struct attempt_worker *w, const struct entry *entry)
{
	char	*caller = entry->file.caller;

	return caller != NULL && caller[0] != '\0' ? caller : w->me->user;
}

/* The settings for the user who submitted the message apply to it. */
static struct identity
owner_of(const struct attempt_worker *w, const struct entry *entry)
{
	struct identity	owner = *w->me;

	owner.user = attempt_user(w, entry);
	return owner;
}

/* Changes the new outcomes to those that the entry records. */
static void
adjust_outcomes(struct attempt *a)
{
	const struct envelope_file	*file = &a->entry->file;

	for (size_t i = 0; i < file->envelope.n; i++) {
		struct outcome	*o = &a->outcomes[i];

		if (!a->waited[i] || o->kind == OUTCOME_WAITING)
			continue;
		if (login_backoff_excuses(o))
			o->kind = OUTCOME_DEFERRED;
		/* The doubt remains until a server gets the message again. */
		o->in_doubt |= o->not_attempted && file->outcomes[i].in_doubt;
		if (o->kind == OUTCOME_DELIVERED)
			a->w->delivered = true;
		else if (!o->paced)
			strlcpy(a->w->error, outcome_text(o),
			    sizeof(a->w->error));
	}
	count_outcomes(a);
}

/* Returns ATTEMPT_DELIVERED if the entry is open, else the result. */
static enum attempt_result
open_for_attempt(struct attempt_worker *w, struct entry *entry,
    const char *name)
{
	struct failure	why;

	switch (entry_open(entry, w->spool, SPOOL_QUEUE, name, ENTRY_WORK,
	    &why)) {
	case ENTRY_OPENED:
		return ATTEMPT_DELIVERED;
	case ENTRY_LOCKED:
		return ATTEMPT_LOCKED;
	case ENTRY_GONE:
		return ATTEMPT_SKIPPED;
	case ENTRY_BAD:
		log_failure(w, &why);
		strlcpy(w->given_up, why.text, sizeof(w->given_up));
		return ATTEMPT_BAD;
	case ENTRY_TROUBLE:
		break;
	}
	log_failure(w, &why);
	return ATTEMPT_ERROR;
}

/* Opens an entry for an attempt; see .result. */
static struct attempt *
open_attempt(struct attempt_worker *w, const char *name, bool is_notice)
{
	struct attempt			*a = memory_new(1, sizeof(*a));
	const struct envelope_file	*file = &a->opened.file;
	struct failure			 ignored;
	size_t				 n;

	a->w = w;
	a->entry = &a->opened;
	a->is_notice = is_notice;
	a->now = clock_now();
	a->name = memory_copy(name);
	a->result = open_for_attempt(w, a->entry, name);
	if (a->result == ATTEMPT_DELIVERED && !is_notice)
		a->result = choose(w, a->entry, a->now);
	/* If it remained due, it would be a reason for each queue run. */
	if (a->result == ATTEMPT_HELD && a->entry->file.held &&
	    w->choice->when == ATTEMPT_WHEN_DUE)
		entry_postpone(a->entry, a->now + HELD_S, &ignored);
	if (a->result != ATTEMPT_DELIVERED)
		return a;
	n = file->envelope.n;
	a->outcomes = outcome_list_copy(file->outcomes, n);
	a->waited = memory_new(n, sizeof(*a->waited));
	for (size_t i = 0; i < n; i++)
		a->waited[i] = a->outcomes[i].kind == OUTCOME_WAITING;
	count_outcomes(a);
	a->before = a->waiting;
	a->was_in_doubt = a->in_doubt;
	return a;
}

static void
close_attempt(struct attempt *a)
{
	free(a->waited);
	outcome_list_free(a->outcomes, a->opened.file.envelope.n);
	entry_close(&a->opened);
	free(a->name);
	free(a);
}

static bool
prove_entry(void *context, struct failure *why)
{
	struct attempt	*a = context;

	a->proved = a->proved || entry_prove(a->entry, why);
	if (a->proved && a->w->sending != NULL)
		*a->w->sending = true;
	return a->proved;
}

/* After the last transaction finish_entry() records the outcomes, if needed. */
static bool
record_in_entry(void *context, struct failure *why)
{
	struct attempt	*a = context;

	adjust_outcomes(a);
	return a->untried == 0 || entry_record(a->entry, a->outcomes, why);
}

/*
 * Opens the next entry, which remains locked until attempt_entry() is called
 * for it, even if its envelope cannot be sent now.  No entry is opened with
 * pace, because the message may have to wait for its turn, nor if the reply to
 * this message was lost in an earlier attempt: the envelope of the next message
 * may have been the cause.  If this message is sent again in another session,
 * the next entry is open already.
 */
static bool
open_next(void *context, struct relay_next *to)
{
	struct attempt		*a = context, *next;
	struct attempt_worker	*w = a->w;
	const char		*name;

	if (w->ahead != NULL || w->n_notices > 0 || a->was_in_doubt ||
	    pace_is_set(w->config) || (name = w->next(w->context)) == NULL)
		return false;
	next = w->ahead = open_attempt(w, name, false);
	if (next->result != ATTEMPT_DELIVERED || next->before == 0)
		return false;
	*to = (struct relay_next){ .envelope = &next->entry->file.envelope,
	    .message = &next->entry->message, .outcomes = next->outcomes,
	    .user = attempt_user(w, next->entry) };
	return true;
}

/* If the disk is full or failing, before_send() reports it later. */
static void
prove_next(void *context)
{
	struct attempt		*a = context, *next = a->w->ahead;
	struct failure		 ignored;

	if (next != NULL)
		next->proved = entry_prove(next->entry, &ignored);
}

/* Closes the next entry, so that another worker can send it. */
static void
close_next(void *context)
{
	struct attempt		*a = context;
	struct attempt_worker	*w = a->w;

	if (w->next_late == NULL || w->ahead == NULL)
		return;
	relay_forget_next(&w->relay);
	close_attempt(w->ahead);
	w->ahead = NULL;
	w->next_late(w->context);
}

void
attempt_send(struct attempt_worker *w, const struct entry *entry,
    const struct relay_callbacks *callbacks, struct outcome *outcomes)
{
	struct identity	owner = owner_of(w, entry);

	w->relay.me = &owner;
	w->relay.callbacks = callbacks;
	session_log_clear(&w->dialogue);
	relay_send(&w->relay, &entry->file.envelope, &entry->message,
	    outcomes);
	w->relay.callbacks = NULL;
	w->relay.me = w->me;
}

/* Recipients that are waiting at the end of queue_lifetime fail. */
static void
expire_recipients(struct attempt *a)
{
	long long	 n = lifetime_of(a->w);
	const char	*unit = "second";
	char		 lifetime[40];

	if (n % 3600 == 0)
		unit = "hour", n /= 3600;
	else if (n % 60 == 0)
		unit = "minute", n /= 60;
	snprintf(lifetime, sizeof(lifetime), "%lld %s%s", n, unit,
	    n == 1 ? "" : "s");
	for (size_t i = 0; i < a->entry->file.envelope.n; i++) {
		struct outcome	*o = &a->outcomes[i];
		const char	*last = outcome_text(o);

		if (o->kind != OUTCOME_DEFERRED && o->kind != OUTCOME_WAITING)
			continue;
		o->kind = OUTCOME_FAILED;
		if (o->status == EX_OK)
			o->status = EX_TEMPFAIL;
		if (o->reply_end > 0)
			o->reply_end += strlen("given up after : ") +
			    strlen(lifetime);
		outcome_set_text(o, "given up after %s: %s", lifetime,
		    last[0] != '\0' ? last : a->entry->file.reason);
	}
}

/* A notice that is given up is not counted. */
static enum attempt_result
given_up(struct attempt *a, const char *reason)
{
	if (!a->is_notice)
		strlcpy(a->w->given_up, reason, sizeof(a->w->given_up));
	return ATTEMPT_FAILED;
}

static enum attempt_result
entry_error(struct attempt *a, const struct failure *why)
{
	log_failure(a->w, why);
	entry_explain(a->entry, why->text);
	return ATTEMPT_ERROR;
}

/* Whether no server got a command for the message in this attempt. */
static bool
no_server_asked(const struct attempt *a)
{
	return a->not_attempted > 0 && a->not_attempted == a->before;
}

/*
 * Whether this attempt is one of those after which the message can be given up:
 * a server was asked, or its refusal of the login was the answer.
 */
static bool
has_answer(const struct attempt *a)
{
	return !no_server_asked(a) || a->w->backoff.lasting;
}

/* False if no server was asked, for the same reason as the last time. */
static bool
outcomes_changed(const struct attempt *a)
{
	const struct envelope_file	*file = &a->entry->file;

	if (!no_server_asked(a))
		return true;
	for (size_t i = 0; i < file->envelope.n; i++)
		if (a->outcomes[i].not_attempted &&
		    strcmp(outcome_text(&a->outcomes[i]),
		    outcome_text(&file->outcomes[i])) != 0)
			return true;
	return false;
}

static int64_t
next_attempt(const struct attempt *a)
{
	const struct envelope_file	*file = &a->entry->file;
	int64_t				 delay, next;

	delay = retry_delay(&a->w->schedule, file->attempts + 1, a->in_doubt,
	    arc4random());
	next = retry_next(a->now, file->arrived_us / 1000000, lifetime_of(a->w),
	    delay);
	if (a->pace.held > 0 && !a->in_doubt && pace_next(&a->pace) < next)
		next = pace_next(&a->pace);
	return next;
}

/*
 * Writes to which recipients this attempt delivered the message, or may have
 * delivered it: "<a@b> and 2 more".  Returns their number.
 */
static size_t
write_sent_to(const struct attempt *a, char *to, size_t size)
{
	const struct envelope	*env = &a->entry->file.envelope;
	char			 first[200];
	size_t			 n = 0;

	for (size_t i = 0; i < env->n; i++) {
		const struct outcome	*o = &a->outcomes[i];
		const char		*path = env->forward[i].path;

		if (a->waited[i] && (o->kind == OUTCOME_DELIVERED ||
		    o->in_doubt) && n++ == 0)
			visible(first, sizeof(first), path, strlen(path));
	}
	if (n == 1)
		snprintf(to, size, "<%s>", first);
	else if (n > 1)
		snprintf(to, size, "<%s> and %zu more", first, n - 1);
	return n;
}

/* The entry is in failed/ now. */
static void
keep_transcript(const struct attempt *a)
{
	struct buffer	text = { 0 };

	if (a->before > 0)
		session_log_write(&text, &a->w->dialogue);
	last_attempt_store(a->w->spool, a->entry->name, &text);
	buffer_free(&text);
}

/*
 * If the outcomes could not be recorded, the next queue run would send the
 * message again to the same recipients.  Moves the entry to failed/, which
 * queue runs do not read.
 */
static enum attempt_result
prevent_duplicate(struct attempt *a, struct failure *why)
{
	struct entry	*e = a->entry;
	struct failure	 how;
	char		 sent_to[300];

	if (write_sent_to(a, sent_to, sizeof(sent_to)) == 0)
		return entry_error(a, why);
	failure_suffix(why, ", but the message was sent to %s; ", sent_to);
	if (entry_set_aside(e, &how) || e->dir == SPOOL_FAILED) {
		failure_suffix(why, "so that it is not sent to them again, it "
		    "is kept as %s/failed/%s", a->w->spool->directory,
		    e->name);
		log_failure(a->w, why);
		keep_transcript(a);
		return given_up(a, why->text);
	}
	failure_suffix(why, "%s, so the next attempt will send it to them "
	    "again", how.text);
	a->in_doubt = true;
	entry_postpone(e, next_attempt(a), &how);
	return entry_error(a, why);
}

static enum attempt_result
remove_entry(struct attempt *a, enum attempt_result result)
{
	struct failure	why, unwritten;

	if (entry_remove(a->entry, &why))
		return result;
	/* The entry remains, so it must record its outcomes. */
	if (!entry_record(a->entry, a->outcomes, &unwritten)) {
		failure_suffix(&why, "; %s", unwritten.text);
		return prevent_duplicate(a, &why);
	}
	return entry_error(a, &why);
}

static struct bounce_report
report_of(const struct attempt *a, enum bounce_kind kind)
{
	const struct envelope_file	*file = &a->entry->file;
	int64_t				 arrived = file->arrived_us / 1000000;

	return (struct bounce_report){
		.kind = kind,
		.envelope = &file->envelope,
		/*
		 * The entry does not record the members of an outcome that a
		 * bounce about delivered or failed recipients needs.
		 */
		.outcomes = kind == BOUNCE_DELAYED ? file->outcomes :
		    a->outcomes,
		.message = &a->entry->message,
		.attempted = a->waited,
		.arrived = arrived,
		.retry_until = arrived + lifetime_of(a->w),
		.spool = a->w->spool,
		.uid = file->uid,
		.caller = file->caller,
	};
}

/* mark(), or NULL, records in the entry that the notice is sent. */
static bool
queue_notice(struct attempt *a, enum bounce_kind kind,
    bool (*mark)(struct entry *, struct failure *), struct failure *why)
{
	struct bounce		 bounce;
	struct bounce_report	 report = report_of(a, kind);
	struct identity		 owner = owner_of(a->w, a->entry);
	struct prepare_options	 preparation = {
		.config = a->w->config,
		.me = &owner,
		.local_names = &a->w->names,
	};
	bool			 good;

	good = bounce_make(&bounce, &report, &preparation, why) &&
	    (mark == NULL || mark(a->entry, why)) &&
	    bounce_queue(&bounce, &report, a->notices.id[a->notices.n], why);
	a->notices.n += good;
	bounce_free(&bounce);
	return good;
}

/* A notice that the sender asked for in addition. */
static void
notify(struct attempt *a, enum bounce_kind kind,
    bool (*mark)(struct entry *, struct failure *))
{
	struct bounce_report	report = report_of(a, kind);
	struct failure		why;

	if (!bounce_is_due(&report))
		return;
	if (queue_notice(a, kind, mark, &why)) {
		log_entry(a->w->log, LOG_INFO, a->entry->name, " %s; the "
		    "notice to its sender is id=%s", kind == BOUNCE_DELAYED ?
		    "is delayed" : "was relayed",
		    a->notices.id[a->notices.n - 1]);
		return;
	}
	log_entry(a->w->log, LOG_ERR, a->entry->name, ": the sender cannot be "
	    "notified: %s", why.text);
}

static enum attempt_result
keep_failed(struct attempt *a, const char *because)
{
	struct envelope_file	*file = &a->entry->file;
	char			 reason[sizeof(file->reason)];
	struct failure		 why;

	strlcpy(reason, file->reason, sizeof(reason));
	if (because[0] != '\0') {
		reason[sizeof(reason) / 2] = '\0';
		strlcat(reason, "; no bounce was sent: ", sizeof(reason));
		strlcat(reason, because, sizeof(reason));
	}
	if (!entry_fail(a->entry, reason, &why))
		return entry_error(a, &why);
	keep_transcript(a);
	log_entry(a->w->log, LOG_ERR, a->entry->name, " is kept in %s/failed: "
	    "%s", a->w->spool->directory, reason);
	return given_up(a, reason);
}

/* No recipient is waiting, and at least one has failed. */
static enum attempt_result
fail_entry(struct attempt *a)
{
	struct envelope_file	*file = &a->entry->file;
	struct bounce_report	 report = report_of(a, BOUNCE_FAILED);
	struct failure		 why;

	if (file->notice_sent)
		return keep_failed(a, "an earlier queue run may have sent it");
	if (file->envelope.reverse_path[0] == '\0')
		return keep_failed(a, "the message has the null sender");
	if (!bounce_is_due(&report))
		return keep_failed(a, "the sender requested none");
	if (!queue_notice(a, BOUNCE_FAILED, entry_mark_notice, &why)) {
		log_failure(a->w, &why);
		return keep_failed(a, why.text);
	}
	log_entry(a->w->log, LOG_INFO, a->entry->name, " failed; its bounce "
	    "is id=%s", a->notices.id[a->notices.n - 1]);
	return remove_entry(a, given_up(a, file->reason));
}

/* Records the outcomes, then removes, defers or fails the entry. */
static enum attempt_result
finish_entry(struct attempt *a)
{
	struct envelope_file	*file = &a->entry->file;
	struct failure		 why;

	if (a->waiting == 0 && a->failed == 0)
		return remove_entry(a, ATTEMPT_DELIVERED);
	if (a->waiting > 0 && a->pace.held == 0 &&
	    retry_is_over(a->now, file->arrived_us / 1000000,
	    lifetime_of(a->w), file->asked + has_answer(a))) {
		expire_recipients(a);
		count_outcomes(a);
	}
	/* In an outage, thousands of entries do not wait for the disk. */
	if (outcomes_changed(a) && !entry_record(a->entry, a->outcomes, &why))
		return prevent_duplicate(a, &why);
	if (a->waiting == 0)
		return fail_entry(a);
	if (a->now - file->arrived_us / 1000000 >= DELAY_NOTICE_S)
		notify(a, BOUNCE_DELAYED, entry_mark_delay);
	if (entry_defer(a->entry, next_attempt(a), has_answer(a), &why))
		return ATTEMPT_DEFERRED;
	return a->in_doubt ? prevent_duplicate(a, &why) : entry_error(a, &why);
}

/*
 * Holds back the recipients whose smarthost gets enough messages.  Returns
 * whether any others are left.
 */
static bool
take_turns(struct attempt *a)
{
	struct attempt_worker	*w = a->w;
	const struct entry	*entry = a->entry;
	struct identity		 owner = owner_of(w, entry);
	/* -q tries what the retry schedule would not. */
	bool			 due = !pace_is_reason(entry->file.reason) ||
				    retry_is_due(&w->schedule, a->now,
				    entry->next);

	a->pace = (struct pace){ .config = w->config, .user = owner.user,
	    .spool = w->spool, .log = w->log, .relay = &w->relay,
	    .kind = due ? TURN_DUE : TURN_EARLY };
	pace_hold(&a->pace, &entry->file.envelope, a->outcomes);
	w->turn_us = a->pace.held > 0 && due ? a->pace.until_us : 0;
	return a->pace.held < a->before;
}

/*
 * All recipients wait.  This is not an attempt.  An entry whose turn is later
 * keeps its time, and so does one that may have been delivered.
 */
static enum attempt_result
wait_for_turn(struct attempt *a)
{
	struct failure	why;

	adjust_outcomes(a);
	if (a->w->turn_us == 0 || a->in_doubt)
		return ATTEMPT_PACED;
	if ((outcomes_changed(a) && !entry_record(a->entry, a->outcomes,
	    &why)) || !entry_postpone(a->entry, pace_next(&a->pace), &why))
		return entry_error(a, &why);
	if (a->now - a->entry->file.arrived_us / 1000000 >= DELAY_NOTICE_S)
		notify(a, BOUNCE_DELAYED, entry_mark_delay);
	return ATTEMPT_PACED;
}

static struct relay_callbacks
callbacks_of(struct attempt *a)
{
	struct attempt_worker	*w = a->w;
	struct relay_callbacks	 callbacks = { .before_send = prove_entry,
				    .after_transaction = record_in_entry,
				    .context = a };

	if (w->next != NULL && !a->is_notice) {
		callbacks.next = open_next;
		callbacks.next_sent = prove_next;
		callbacks.next_late = close_next;
	}
	if (w->backoff.login.spool != NULL) {
		callbacks.before_connect = backoff_before_connect;
		callbacks.after_connect = backoff_after_connect;
		callbacks.login_context = &w->backoff;
	}
	return callbacks;
}

/* Makes the attempt; a->outcomes and a->waited are those before it. */
static enum attempt_result
attempt_opened(struct attempt *a)
{
	struct attempt_worker	*w = a->w;
	const struct entry	*entry = a->entry;
	enum attempt_result	 result;
	struct tally		 tally;
	struct relay_callbacks	 callbacks = callbacks_of(a);
	struct mail_log		 mail_log = { .id = entry->name,
				    .uid = entry->file.uid,
				    .envelope = &entry->file.envelope,
				    .message = &entry->message,
				    .selected = a->waited };

	/* Without a waiting recipient, an earlier run was interrupted. */
	if (a->waiting == 0)
		return finish_entry(a);
	if (pace_is_set(w->config) && !take_turns(a))
		return wait_for_turn(a);
	attempt_send(w, entry, &callbacks, a->outcomes);
	adjust_outcomes(a);
	if (w->relay.no_seat && no_server_asked(a)) {
		w->turn_us = pace_now_us() + NO_SEAT_US;
		return ATTEMPT_PACED;
	}
	mail_log_outcomes(w->log, &mail_log, a->outcomes);
	if (!w->relay.stopped && w->relay.down && no_server_asked(a) &&
	    w->may_leave != NULL && w->may_leave(w->context))
		return ATTEMPT_LEFT;
	tally_count(&tally, &w->relay.tried, a->outcomes,
	    entry->file.envelope.n, a->waited);
	result = w->relay.stopped ?
	    prevent_duplicate(a, &w->relay.stopped_why) : finish_entry(a);
	tally_write(&tally, w->spool);
	/* If a crash prevents the notice, it is never sent. */
	if (!w->relay.stopped && (result == ATTEMPT_DELIVERED ||
	    result == ATTEMPT_DEFERRED || result == ATTEMPT_FAILED))
		notify(a, BOUNCE_RELAYED, NULL);
	return result;
}

/* The attempt that open_next() has begun, or a new one. */
static struct attempt *
begin_attempt(struct attempt_worker *w, const char *name, bool is_notice)
{
	struct attempt	*a = w->ahead;

	if (a == NULL || is_notice || strcmp(a->name, name) != 0)
		return open_attempt(w, name, is_notice);
	w->ahead = NULL;
	return a;
}

static enum attempt_result
attempt_once(struct attempt_worker *w, const char *name, bool is_notice,
    struct notices *notices)
{
	struct attempt		*a = begin_attempt(w, name, is_notice);
	enum attempt_result	 result = a->result;

	if (result == ATTEMPT_DELIVERED)
		result = attempt_opened(a);
	*notices = a->notices;
	close_attempt(a);
	return result;
}

/* A notice never causes another one. */
static void
send_notices(struct attempt_worker *w)
{
	struct notices	none;
	bool	      (*may_leave)(void *) = w->may_leave;
	bool		delivered = w->delivered;
	int64_t		turn_us = w->turn_us;

	w->may_leave = NULL;
	for (size_t i = 0; i < w->n_notices; i++)
		attempt_once(w, w->notice[i], true, &none);
	w->n_notices = 0;
	w->may_leave = may_leave;
	w->delivered = delivered;
	w->turn_us = turn_us;
}

/*
 * Notices are sent at once or, if the next entry was opened, after that entry.
 * While notices wait, open_next() opens no entry, so that there are at most
 * those of two attempts.
 */
enum attempt_result
attempt_entry(struct attempt_worker *w, const char *name)
{
	struct notices		notices;
	enum attempt_result	result = attempt_once(w, name, false,
				    &notices);

	for (size_t i = 0; i < notices.n; i++)
		strlcpy(w->notice[w->n_notices++], notices.id[i], ID_SIZE);
	if (w->ahead == NULL)
		send_notices(w);
	return result;
}

enum attempt_result
attempt_postpone(struct attempt_worker *w, const char *name,
    const char *reason, bool sending)
{
	struct entry		 entry;
	struct envelope_file	*file = &entry.file;
	struct attempt		 a = { .w = w, .entry = &entry,
				    .in_doubt = sending, .now = clock_now() };
	enum attempt_result	 result = open_for_attempt(w, &entry, name);
	struct failure		 why;

	if (result != ATTEMPT_DELIVERED)
		return result;
	result = ATTEMPT_DEFERRED;
	if (sending && !entry_doubt(&entry, &why))
		log_failure(w, &why);
	strlcpy(file->reason, reason, sizeof(file->reason));
	if (retry_is_over(a.now, file->arrived_us / 1000000, lifetime_of(w),
	    file->asked + 1))
		result = keep_failed(&a, "the message may be the cause");
	else if (!entry_defer(&entry, next_attempt(&a), true, &why))
		log_failure(w, &why);
	entry_close(&entry);
	return result;
}

void
attempt_worker_begin(struct attempt_worker *w,
    const struct session_trace *trace)
{
	session_log_begin(&w->dialogue, trace);
	relay_begin(&w->relay, w->config, w->me, &w->dialogue.trace);
	local_names_begin(&w->names, w->config, w->me);
	spool_config_retry(&w->schedule, w->config);
	w->relay.remember_failures = true;
}

void
attempt_worker_end(struct attempt_worker *w)
{
	relay_end(&w->relay);
	if (w->ahead != NULL)
		close_attempt(w->ahead);
	session_log_end(&w->dialogue);
	local_names_end(&w->names);
}
