#include "submit/submit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "config/credentials.h"
#include "queue/commit.h"
#include "queue/health.h"
#include "queue/last_attempt.h"
#include "queue/retry.h"
#include "submit/bounce.h"
#include "submit/early_entry.h"
#include "submit/login_backoff.h"
#include "submit/pace.h"
#include "submit/prepare.h"
#include "submit/service.h"
#include "submit/storm_rule.h"
#include "submit/tally.h"
#include "util/clock.h"
#include "util/memory.h"

/* A prepared message. */
struct submit_job {
	struct submit		*submit;
	const struct envelope	*envelope;
	const struct message	*message;
	struct submit_result	*result;
	bool			 attempted;
	const char		*untried;	/* why it is queued without an
						 * attempt; or NULL */
	int64_t			 digest_at;	/* when the digest is sent that
						 * collects it; 0: none */
	struct early_entry	 early;
	int64_t			 turn;		/* the turn for which recipients
						 * wait; 0: none wait */
	bool			 unpaced;	/* recipients do not wait,
						 * because the message cannot
						 * be queued */
	struct login_backoff	 backoff;
	bool			 in_trouble;	/* the last login failed, too */
	bool			 refused;	/* a login failed for a reason
						 * that will last */
};

static bool
has_queue(const struct submit *s)
{
	return s->queue == SPOOL_CONFIG_OPEN;
}

static void
enter_sandbox(struct submit *s)
{
	struct sandbox	sandbox = spool_config_sandbox(has_queue(s) ?
			    &s->spool : NULL);

	if (s->options.attempt != NULL)
		sandbox_enter(&sandbox);
	else
		relay_confine(&s->relay, &sandbox);
	s->confined = true;
}

/* For attempts by this process. */
static void
open_here(struct submit *s)
{
	struct submit_options	*o = &s->options;

	struct failure		 why;

	s->is_open = true;
	s->identity = (struct identity){ 0 };
	if (o->me == NULL) {
		identity_find_user(&s->identity, o->config, (uid_t)o->uid,
		    secure_getenv("NAME"));
		o->me = &s->identity;
	}
	if (o->mode != SUBMIT_VERIFY)
		s->queue = spool_config_open(&s->spool, o->config,
		    &s->no_queue);
	/* Other users may have no permission to write the file. */
	if (!log_prepare(o->log, &why) && why.status != EX_NOPERM)
		log_line(o->log, LOG_WARNING, "%s", why.text);
	if (s->queue == SPOOL_CONFIG_BROKEN)
		log_line(o->log, LOG_WARNING, "%s", s->no_queue.text);
	local_names_begin(&s->local_names, o->config, o->me);
	session_log_begin(&s->dialogue, o->trace);
	/* A transcript is kept with a copy in failed/. */
	relay_begin(&s->relay, o->config, o->me, has_queue(s) ?
	    &s->dialogue.trace : o->trace);
	s->relay.interrupt = o->interrupt;
}

void
submit_open(struct submit *s, const struct submit_options *options)
{
	const struct config	*config = options->config;

	s->options = *options;
	s->spool = (struct spool){ 0 };
	s->queue = SPOOL_CONFIG_OFF;
	s->spare.fd = -1;
	s->confined = s->is_open = s->by_service = false;
	s->has_warned = false;
	s->no_service = options->no_service != NULL ? *options->no_service :
	    (struct submit_no_service){ 0 };
	s->service = options->confine || options->mode ==
	    SUBMIT_VERIFY ? NULL : service_path(config, &s->no_service.why);
	if (s->service != NULL && access(s->service, F_OK) == -1 &&
	    (errno == ENOENT || errno == ENOTDIR)) {
		s->service = NULL;
		s->no_service.absent = true;
	}
	if (s->service == NULL)
		open_here(s);
	spool_config_spill(&s->spill, &s->spool);
	s->limits = (struct message_limits){
		.spill = s->spill.directory,
		.size_max = config_number(config, NULL,
		    KEY_MESSAGE_SIZE_LIMIT),
	};
	if (!options->confine)
		return;
	if (spool_config_spare(&s->spare, &s->spill, &s->spool))
		s->limits.spare = &s->spare;
	enter_sandbox(s);
}

void
submit_close(struct submit *s)
{
	if (!s->is_open)
		return;
	relay_end(&s->relay);
	session_log_end(&s->dialogue);
	local_names_end(&s->local_names);
	spool_close(&s->spool);
	identity_free(&s->identity);
	if (s->spare.fd != -1)
		close(s->spare.fd);
}

void
submit_begin_session(struct submit *s)
{
	local_names_end(&s->local_names);
	local_names_begin(&s->local_names, s->options.config, s->options.me);
}

/*
 * A refusal because this user has no permission to read a file is temporary if
 * the service is down: the service can send the message.  Returns false.
 */
static bool
excuse(const struct submit *s, struct failure *why)
{
	const struct submit_no_service	*n = &s->no_service;

	if (why->status == EX_NOPERM) {
		service_advise(n->down ? SERVICE_DOWN : n->absent ?
		    SERVICE_ABSENT : SERVICE_OFF, &n->why,
		    "let this user read the file", why);
		if (n->down)
			why->status = EX_TEMPFAIL;
	}
	return false;
}

bool
submit_recipient(struct submit *s, const char *reverse_path,
    const struct address *a, struct failure *why)
{
	struct prepare_options	p = {
		.config = s->options.config,
		.me = s->options.me,
		.local_names = &s->local_names,
	};

	return prepare_recipient(&p, reverse_path, a, why) || excuse(s, why);
}

static bool
has_outcome(const struct submit_job *j, enum outcome_kind kind)
{
	for (size_t i = 0; i < j->envelope->n; i++)
		if (j->result->outcomes[i].kind == kind)
			return true;
	return false;
}

/*
 * Commits the failed forward-paths to failed/, or all other forward-paths to
 * the queue: the deferred ones and those that are delivered, which the entry
 * records.
 */
static bool
commit_part(const struct submit_job *j, enum spool_dir dir, char *id,
    struct failure *why)
{
	const struct envelope	*all = j->envelope;
	int64_t			 now = clock_now();
	bool			 in_doubt = false, asked = false, good;
	bool			 paced = dir == SPOOL_QUEUE && j->turn != 0;
	bool			 only_paced = paced;
	struct retry_schedule	 schedule;
	struct envelope		 env;
	struct outcome		*outcomes = memory_new(all->n,
				    sizeof(*outcomes));	/* borrows its texts */
	struct spool_submission	 entry = {
		.dir = dir,
		.envelope = &env,
		.outcomes = outcomes,
		.message = j->message,
		.next = now,
		.uid = j->submit->options.uid,
		.caller = j->submit->options.me->user,
		.reason = dir == SPOOL_QUEUE ? j->untried : NULL,
		.replaces = dir == SPOOL_QUEUE && j->early.entry != NULL ?
		    j->early.entry->name : NULL,
	};

	envelope_begin_like(&env, all);
	for (size_t i = 0; i < all->n; i++) {
		const struct outcome	*o = &j->result->outcomes[i];

		if ((o->kind == OUTCOME_FAILED) != (dir == SPOOL_FAILED))
			continue;
		in_doubt |= o->in_doubt;
		asked |= !o->not_attempted;
		only_paced &= o->kind != OUTCOME_DEFERRED || o->paced;
		outcomes[env.n] = *o;
		if (j->digest_at != 0 && dir == SPOOL_QUEUE)
			outcomes[env.n].text = NULL;
		envelope_add_like(&env, all->forward[i].path,
		    &all->forward[i]);
	}
	if (j->digest_at != 0 && dir == SPOOL_QUEUE) {
		entry.collected = true;
		entry.next = j->digest_at;
	} else if (j->attempted && !only_paced) {
		entry.attempts = 1;
		entry.asked = asked;
		spool_config_retry(&schedule, j->submit->options.config);
		if (dir == SPOOL_QUEUE)
			entry.next += retry_delay(&schedule, 1, in_doubt,
			    arc4random());
	}
	if (only_paced || (paced && !in_doubt && j->turn < entry.next))
		entry.next = j->turn;
	good = spool_commit(&j->submit->spool, &entry, id, why);
	if (!good)
		id[0] = '\0';
	envelope_free(&env);
	free(outcomes);
	return good;
}

/* For the copy in failed/. */
static void
keep_transcript(const struct submit_job *j)
{
	struct submit		*s = j->submit;
	const struct buffer	*text = s->options.transcript;
	struct buffer		 here = { 0 };

	if (s->options.attempt == NULL) {
		session_log_write(&here, &s->dialogue);
		text = &here;
	}
	if (text != NULL)
		last_attempt_store(&s->spool, j->result->failed, text);
	buffer_free(&here);
}

/*
 * Failed messages must not take the room of messages that wait: failed/ stops
 * growing when half of queue_size_limit is used.
 */
static void
commit_failed(const struct submit_job *j)
{
	struct spool	*spool = &j->submit->spool;
	uint64_t	 size_max = spool->size_max;
	struct failure	 ignored;	/* the outcomes are reported anyway */

	spool->size_max = size_max == 1 ? 1 : size_max / 2;
	if (commit_part(j, SPOOL_FAILED, j->result->failed, &ignored) &&
	    j->attempted)
		keep_transcript(j);
	spool->size_max = size_max;
}

/*
 * Appends to each deferred outcome why the message is not in the queue.
 * with_status also replaces the status.
 */
static void
explain_not_queued(const struct submit_job *j, const struct failure *why,
    bool with_status)
{
	for (size_t i = 0; i < j->envelope->n; i++) {
		struct outcome	*o = &j->result->outcomes[i];

		if (o->kind != OUTCOME_DEFERRED)
			continue;
		/* Each of the two reasons gets half of the text. */
		if (outcome_text(o)[0] != '\0')
			outcome_set_text(o, "%.*s; not queued: ",
			    OUTCOME_TEXT_MAX / 2, o->text);
		outcome_add_text(o, "%s", why->text);
		if (with_status)
			o->status = why->status;
	}
}

static void
queue_deferred(struct submit_job *j)
{
	const struct submit	*s = j->submit;
	struct failure		 why;

	if (has_queue(s)) {
		/*
		 * The early entry has the failed forward-paths, too, which the
		 * caller is told about: a queue run must not report them.  An
		 * entry without them replaces it in one step, so that a crash
		 * does not leave two.
		 */
		if (j->early.entry != NULL && has_outcome(j, OUTCOME_FAILED) &&
		    commit_part(j, SPOOL_QUEUE, j->result->queued, &why))
			early_entry_leave(&j->early);
		else if (!early_entry_keep(&j->early, j->attempted,
		    j->result->queued) &&
		    !commit_part(j, SPOOL_QUEUE, j->result->queued, &why))
			explain_not_queued(j, &why, true);
	} else if (s->queue != SPOOL_CONFIG_OFF) {
		/* The queue may belong to a service that is down. */
		explain_not_queued(j, &s->no_queue, !s->no_service.down &&
		    s->queue == SPOOL_CONFIG_BROKEN);
	}
}

/*
 * Notifies the sender who asked for it that the message was delivered to a
 * server that does not offer DSN (RFC 3461 section 5.2.2).
 */
static void
notify_sender(const struct submit_job *j, const struct prepare_options *options)
{
	struct submit		*s = j->submit;
	struct bounce_report	 report = {
		.kind = BOUNCE_RELAYED,
		.envelope = j->envelope,
		.outcomes = j->result->outcomes,
		.message = j->message,
		.arrived = clock_now(),
		.spool = &s->spool,
		.uid = s->options.uid,
		.caller = s->options.me->user,
	};
	struct bounce		 notice;
	struct failure		 why;
	char			 id[ID_SIZE];

	if (!bounce_is_due(&report))
		return;
	if (!has_queue(s)) {
		log_line(s->options.log, LOG_WARNING, "the sender cannot be "
		    "notified of the delivery: the notice needs a queue");
		return;
	}
	if (!bounce_make(&notice, &report, options, &why) ||
	    !bounce_queue(&notice, &report, id, &why))
		log_line(s->options.log, LOG_WARNING, "the sender cannot be "
		    "notified of the delivery: %s", why.text);
	else
		log_line(s->options.log, LOG_INFO, "the notice of the "
		    "delivery is id=%s", id);
	bounce_free(&notice);
}

/* Records the results for relais queue status. */
static void
note_health(const struct submit_job *j)
{
	struct spool		*spool = &j->submit->spool;
	const struct outcome	*error = NULL;
	bool			 delivered = false;
	int64_t			 now = clock_now();
	struct failure		 ignored;	/* only a status check fails */

	for (size_t i = 0; i < j->envelope->n; i++) {
		const struct outcome	*o = &j->result->outcomes[i];

		if (o->kind == OUTCOME_DELIVERED)
			delivered = true;
		else if (o->paced)
			continue;
		else if (error == NULL || o->kind == OUTCOME_FAILED)
			error = o;
	}
	if (error != NULL)
		health_note_error(spool, now, outcome_text(error),
		    error->kind == OUTCOME_FAILED, &ignored);
	if (delivered)
		health_note_success(spool, now, &ignored);
}

static bool
attempt_elsewhere(struct submit_job *j, struct failure *why)
{
	struct submit			*s = j->submit;
	const struct submit_attempt	 attempt = {
		.envelope = j->envelope,
		.message = j->message,
		.outcomes = j->result->outcomes,
		.callbacks = s->relay.callbacks,
		.tried = &s->relay.tried,
	};

	return s->options.attempt(s->options.context, &attempt, why);
}

/*
 * Returns whether the message is collected, and in the queue, because the
 * sender has sent too many.  If it cannot be queued, it is sent at once.
 */
static bool
collect(struct submit_job *j)
{
	struct submit		*s = j->submit;
	struct storm_rule	 rule = {
		.config = s->options.config,
		.me = s->options.me,
		.log = s->options.log,
		.spool = &s->spool,
		.envelope = j->envelope,
		.message = j->message,
		.outcomes = j->result->outcomes,
		.uid = s->options.uid,
	};
	bool			 attempted = j->attempted;
	const char		*untried = j->untried;
	struct failure		 why;
	bool			 good;

	if (!has_queue(s) || !has_outcome(j, OUTCOME_WAITING))
		return false;
	j->digest_at = storm_rule_apply(&rule, clock_now());
	if (j->digest_at == 0)
		return false;
	j->attempted = false;
	j->untried = rule.reason;
	good = commit_part(j, SPOOL_QUEUE, j->result->queued, &why);
	j->untried = untried;
	if (good)
		return true;
	log_line(s->options.log, LOG_WARNING, "the message cannot be "
	    "collected: %s", why.text);
	j->attempted = attempted;
	j->digest_at = 0;
	for (size_t i = 0; i < j->envelope->n; i++)
		if (rule.outcomes[i].kind == OUTCOME_DEFERRED)
			outcome_clear(&rule.outcomes[i]);
	return false;
}

/* Defers the recipients whose smarthost gets enough messages. */
static void
hold_back(struct submit_job *j)
{
	struct submit	*s = j->submit;
	struct pace	 pace = {
		.config = s->options.config,
		.user = s->options.me->user,
		.spool = has_queue(s) ? &s->spool : NULL,
		.no_spool = &s->no_queue,
		.log = s->options.log,
		.kind = TURN_NEW,
	};

	pace_hold(&pace, j->envelope, j->result->outcomes);
	if (pace.held > 0)
		j->turn = pace_next(&pace);
}

static bool
before_connect(void *context, const struct relay_login *login,
    struct failure *why)
{
	struct submit_job	*j = context;

	return login_backoff_claim(&j->backoff, login, &j->in_trouble, why);
}

static void
after_connect(void *context, const struct relay_login *login,
    enum connection_trouble trouble, const struct failure *why)
{
	struct submit_job	*j = context;

	j->refused |= j->in_trouble && login_backoff_lasts(trouble);
	if (j->in_trouble || login_backoff_lasts(trouble))
		login_backoff_record(&j->backoff, login, trouble, why);
}

/*
 * A person who watches the attempt does not wait for the schedule, and wants to
 * see the error.
 */
static void
begin_attempt(struct submit_job *j)
{
	struct submit		*s = j->submit;
	struct relay_callbacks	*callbacks = &j->early.callbacks;

	early_entry_begin(&j->early);
	j->backoff = (struct login_backoff){ .spool = &s->spool,
	    .config = s->options.config, .at_once = s->options.trace != NULL };
	callbacks->before_connect = before_connect;
	callbacks->after_connect = after_connect;
	callbacks->login_context = j;
}

/*
 * The first message for which the smarthost refuses the login fails, and its
 * sender sees the error.  As long as this lasts, the next ones wait in the
 * queue.
 */
static void
end_attempt(struct submit_job *j)
{
	early_entry_stop(&j->early);
	for (size_t i = 0; i < j->envelope->n && j->refused; i++) {
		struct outcome	*o = &j->result->outcomes[i];

		if (!login_backoff_excuses(o) || j->backoff.at_once)
			continue;
		o->kind = OUTCOME_DEFERRED;
		o->status = EX_TEMPFAIL;
	}
}

static void
add_to_counters(const struct submit_job *j)
{
	struct submit	*s = j->submit;
	struct tally	 tally;

	tally_count(&tally, &s->relay.tried, j->result->outcomes,
	    j->envelope->n, NULL);
	tally_write(&tally, &s->spool);
}

/* Once for each process; the service warns when it starts. */
static void
warn_of_secrets(struct submit *s)
{
	if (s->has_warned || (!s->relay.connection.is_exposed &&
	    !config_is_set(s->options.config, KEY_TLS_CERTIFICATE)))
		return;
	credentials_warn(s->options.config, s->options.log);
	s->has_warned = true;
}

/* Afterwards, no outcome is OUTCOME_WAITING. */
static void
make_attempt(struct submit_job *j)
{
	struct submit	*s = j->submit;
	struct outcome	*outcomes = j->result->outcomes;
	struct outcome	 deferred = { .kind = OUTCOME_DEFERRED,
			    .status = EX_TEMPFAIL };
	struct failure	 why;

	s->relay.tried.n = 0;
	if (j->attempted && has_outcome(j, OUTCOME_WAITING) && !j->unpaced &&
	    pace_is_set(s->options.config))
		hold_back(j);
	if (j->attempted && has_outcome(j, OUTCOME_WAITING)) {
		if (has_queue(s))
			begin_attempt(j);
		if (s->options.attempt == NULL) {
			session_log_clear(&s->dialogue);
			relay_send(&s->relay, j->envelope, j->message,
			    outcomes);
			warn_of_secrets(s);
		} else if (!attempt_elsewhere(j, &why)) {
			j->attempted = false;
			deferred.not_attempted = true;
			outcome_set_text(&deferred, "%s", why.text);
		}
		if (has_queue(s))
			end_attempt(j);
	}
	for (size_t i = 0; i < j->envelope->n; i++)
		if (outcomes[i].kind == OUTCOME_WAITING)
			outcome_set(&outcomes[i], &deferred);
	outcome_clear(&deferred);
}

/*
 * A message that was not sent because this user has no permission to read a
 * secret is deferred if the service is only down: the service can send it.
 */
static void
excuse_secret(const struct submit_job *j)
{
	const struct submit	*s = j->submit;
	bool			 unreadable = false;

	for (size_t i = 0; i < j->envelope->n; i++) {
		struct outcome	*o = &j->result->outcomes[i];
		struct failure	 why;

		if (o->kind != OUTCOME_FAILED || o->status != EX_NOPERM ||
		    !o->not_attempted)
			continue;
		if (!unreadable &&
		    credentials_unreadable(s->options.config) == NULL)
			return;
		unreadable = true;
		failed(&why, EX_NOPERM, "%s", outcome_text(o));
		excuse(s, &why);
		outcome_set_text(o, "%s", why.text);
		o->status = why.status;
		if (o->status == EX_TEMPFAIL)
			o->kind = OUTCOME_DEFERRED;
	}
}

/*
 * If a message only has to wait for its turn, but cannot be queued, it is sent
 * before its turn.  Returns whether an attempt is to be made.
 */
static bool
forget_turn(struct submit_job *j)
{
	struct outcome	*outcomes = j->result->outcomes;
	const char	*reason = NULL;

	if (j->turn == 0 || j->result->queued[0] != '\0')
		return false;
	for (size_t i = 0; i < j->envelope->n; i++)
		if (outcomes[i].kind == OUTCOME_DEFERRED) {
			if (!outcomes[i].paced)
				return false;
			reason = outcome_text(&outcomes[i]);
		}
	log_line(j->submit->options.log, LOG_WARNING, "a message cannot be "
	    "queued, and is sent before its turn: %s", reason);
	for (size_t i = 0; i < j->envelope->n; i++)
		if (outcomes[i].paced)
			outcome_clear(&outcomes[i]);
	j->turn = 0;
	j->unpaced = true;
	return true;
}

static bool
submit_here(struct submit *s, const struct submit_request *request,
    struct submit_result *result, struct failure *why)
{
	struct envelope		*env = request->envelope;
	struct message		*message = request->message;
	struct prepare_options	p = {
		.config = s->options.config,
		.me = s->options.me,
		.local_names = &s->local_names,
		.full_name = request->full_name,
		.from_header = request->from_header,
		.notify = request->notify,
		.bad_from_header = request->bad_from_header,
		.map = s->options.each_recipient ? &result->map : NULL,
	};
	struct submit_job	j = {
		.submit = s, .envelope = env, .message = message,
		.result = result,
		.attempted = (s->options.mode == SUBMIT_NOW &&
		    !request->queue) || s->queue == SPOOL_CONFIG_OFF ||
		    s->queue == SPOOL_CONFIG_NONE,
	};
	struct mail_log		mail_log = {
		.uid = s->options.uid,
		.client = s->options.client,
		.envelope = env,
		.message = message,
	};

	*result = (struct submit_result){ 0 };
	if (!j.attempted)
		j.untried = request->background ? "not tried yet: queued for "
		    "an attempt in the background (-odb)" : "not tried yet: "
		    "queued without an attempt (-odq)";
	j.early = (struct early_entry){
		.spool = &s->spool, .relay = &s->relay,
		.log = s->options.log, .envelope = env, .message = message,
		.uid = s->options.uid, .caller = s->options.me->user,
	};
	if (s->options.config->unreadable != NULL) {
		failed(why, EX_NOPERM, "%s", s->options.config->unreadable);
		return excuse(s, why);
	}
	if (!prepare_message(&p, env, message, &result->outcomes, why))
		return excuse(s, why);
	result->n = env->n;
	if (s->options.mode == SUBMIT_VERIFY)
		return true;
	j.early.outcomes = result->outcomes;
	/* From here on, the end of the process would lose the message. */
	if (s->relay.interrupt == NULL) {
		interrupt_hold(&s->interrupt);
		s->relay.interrupt = &s->interrupt;
	}
	if (!collect(&j)) {
		if (j.attempted && !s->confined)
			enter_sandbox(s);
		do {
			make_attempt(&j);
			excuse_secret(&j);
			if (has_outcome(&j, OUTCOME_DEFERRED))
				queue_deferred(&j);
		} while (forget_turn(&j));
	}
	if (has_queue(s)) {
		if (has_outcome(&j, OUTCOME_FAILED))
			commit_failed(&j);
		if (j.attempted) {
			note_health(&j);
			add_to_counters(&j);
		}
		early_entry_remove(&j.early);
	}
	if (result->queued[0] != '\0')
		mail_log.id = result->queued;
	mail_log_outcomes(s->options.log, &mail_log, result->outcomes);
	notify_sender(&j, &p);
	return true;
}

bool
submit_message(struct submit *s, const struct submit_request *request,
    struct submit_result *result, struct failure *why)
{
	const struct session_trace	*trace = s->options.trace;

	if (s->service != NULL) {
		switch (service_submit(s->service, &s->options, request,
		    result, &s->no_service.why)) {
		case SERVICE_ACCEPTED:
			s->by_service = true;
			return true;
		case SERVICE_REFUSED:
			s->by_service = true;
			/* FALLTHROUGH */
		case SERVICE_UNASKED:
		case SERVICE_BUSY:
			*why = s->no_service.why;
			return false;
		case SERVICE_OFF:
		case SERVICE_ABSENT:
			s->no_service.absent = true;
			break;
		case SERVICE_DOWN:
			s->no_service.down = true;
			log_line(s->options.log, LOG_WARNING, "%s",
			    s->no_service.why.text);
			break;
		}
		if (trace != NULL)
			trace->line(trace->context, '*', s->no_service.why.text);
		s->service = NULL;
		open_here(s);
	}
	return submit_here(s, request, result, why);
}

const struct outcome *
submit_result_for(const struct submit_result *r, size_t i)
{
	return expand_map_worst(&r->map, r->outcomes, i, r->queued[0] != '\0');
}

void
submit_result_free(struct submit_result *r)
{
	outcome_list_free(r->outcomes, r->n);
	expand_map_free(&r->map);
	r->outcomes = NULL;
	r->n = 0;
}
