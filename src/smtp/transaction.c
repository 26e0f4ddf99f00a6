/*
 * transaction.c - session_send(): one message in one or more mail
 * transactions (RFC 5321 section 3.3)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/dsn.h"
#include "mail/wire.h"
#include "smtp/data.h"
#include "smtp/dialogue.h"
#include "util/memory.h"

enum {
	/*
	 * RCPT commands in a flight.  With more, the replies could fill the
	 * window while we still write (RFC 2920 section 3.1).
	 */
	FLIGHT_MAX = 100,
};

struct transaction {
	struct session		*s;
	const struct envelope	*env;
	struct wire		 wire;
	struct outcome		*outcomes;	/* one for each forward-path */
	size_t			*index;		/* of those in this round */
	bool			*accepted;	/* parallel to index */
	size_t			 n;
	size_t			 n_accepted;
	bool			 mail_taken;
	bool			 data_taken;	/* 354, or BDAT is to come */
	bool			 too_many;	/* 452: more in another round */
	bool			*data_sent;
};

static bool
offers(const struct session *s, enum extension bit)
{
	return (s->extensions & (unsigned)bit) != 0;
}

/* What a refusal means for the caller; by step, then by code. */
static int
status_of(const struct reply *r, enum session_step step)
{
	if (reply_is_transient(r))
		return EX_TEMPFAIL;
	if (!reply_is_permanent(r))
		return EX_PROTOCOL;
	if (r->code == 530 || r->code == 535)
		return EX_NOPERM;		/* RFC 4954 section 6 */
	if (r->code == 552 && strcmp(r->enhanced, "5.3.4") == 0)
		return EX_DATAERR;		/* RFC 1870 section 6.1 */
	return step == STEP_RCPT ? EX_NOUSER : EX_UNAVAILABLE;
}

/* The outcome that a reply gives to a forward-path. */
static void
judge(struct outcome *o, const struct reply *r, enum session_step step,
    const char *what)
{
	char	line[400];

	*o = (struct outcome){ .code = r->code, .step = step };
	strlcpy(o->enhanced, r->enhanced, sizeof(o->enhanced));
	snprintf(o->text, sizeof(o->text), "%s: %s", what,
	    reply_line(r, line, sizeof(line)));
	if (reply_is_positive(r)) {
		o->kind = OUTCOME_DELIVERED;
		return;
	}
	o->kind = reply_is_permanent(r) ? OUTCOME_FAILED : OUTCOME_DEFERRED;
	o->status = status_of(r, step);
}

static struct outcome *
outcome(struct transaction *t, size_t i)
{
	return &t->outcomes[t->index[i]];
}

/* The same for everybody whom the server has not refused before. */
static void
judge_rest(struct transaction *t, enum session_step step)
{
	const char	*what = dialogue_step_name(t->s, step);

	for (size_t i = 0; i < t->n; i++)
		if (outcome(t, i)->kind == OUTCOME_WAITING &&
		    (t->accepted[i] || !t->mail_taken))
			judge(outcome(t, i), &t->s->reply, step, what);
}

static bool
say_mail(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	struct buffer	 line = { 0 };
	bool		 good;

	buffer_addf(&line, "MAIL FROM:<%s>", t->env->reverse_path);
	if (offers(s, EXT_SIZE))
		buffer_addf(&line, " SIZE=%llu",
		    (unsigned long long)t->wire.size);
	if (offers(s, EXT_8BITMIME) && t->wire.has_8bit)
		buffer_add_text(&line, " BODY=8BITMIME");
	if (offers(s, EXT_DSN) && t->env->ret != RETURN_UNSAID)
		buffer_addf(&line, " RET=%s",
		    t->env->ret == RETURN_FULL ? "FULL" : "HDRS");
	if (offers(s, EXT_DSN) && t->env->envid != NULL)
		buffer_addf(&line, " ENVID=%s", t->env->envid);
	good = dialogue_say(s, why, "%s", line.data);
	buffer_free(&line);
	return good;
}

static bool
say_rcpt(struct transaction *t, size_t i, struct failure *why)
{
	const struct forward_path	*to = &t->env->forward[t->index[i]];
	struct buffer			 line = { 0 };
	bool				 good;

	buffer_addf(&line, "RCPT TO:<%s>", to->path);
	if (offers(t->s, EXT_DSN)) {
		dsn_write_notify(&line, to->notify);
		if (to->orcpt != NULL)
			buffer_addf(&line, " ORCPT=%s", to->orcpt);
	}
	good = dialogue_say(t->s, why, "%s", line.data);
	buffer_free(&line);
	return good;
}

/* A class of reply that makes no sense at this step ends the session. */
static bool
nonsense(struct session *s, enum session_step step, struct failure *why)
{
	s->broken = true;
	return dialogue_refused(s, step, EX_PROTOCOL, why);
}

static bool
hear_rset(struct transaction *t, struct failure *why)
{
	if (!dialogue_hear(t->s, STEP_RSET, why))
		return false;
	if (!reply_is_positive(&t->s->reply)) {
		t->s->broken = true;
		return dialogue_refused(t->s, STEP_RSET, EX_TEMPFAIL, why);
	}
	t->s->dirty = false;
	return true;
}

static bool
hear_mail(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (!dialogue_hear(s, STEP_MAIL, why))
		return false;
	if (reply_is_intermediate(&s->reply))
		return nonsense(s, STEP_MAIL, why);
	t->mail_taken = reply_is_positive(&s->reply);
	s->dirty |= t->mail_taken;
	if (!t->mail_taken)
		judge_rest(t, STEP_MAIL);
	return true;
}

static bool
hear_rcpt(struct transaction *t, size_t i, struct failure *why)
{
	struct session	*s = t->s;
	char		 what[300];

	if (!dialogue_hear(s, STEP_RCPT, why))
		return false;
	if (!t->mail_taken)
		return true;	/* 503 or the like: MAIL was the reason */
	if (reply_is_intermediate(&s->reply))
		return nonsense(s, STEP_RCPT, why);
	if (reply_is_positive(&s->reply)) {
		t->accepted[i] = true;
		t->n_accepted++;
		return true;
	}
	if (s->reply.code == 452 && t->n_accepted > 0) {
		/* The server's limit: the others in a transaction of theirs. */
		t->too_many = true;
		return true;
	}
	snprintf(what, sizeof(what), "RCPT TO:<%s>",
	    t->env->forward[t->index[i]].path);
	judge(outcome(t, i), &s->reply, STEP_RCPT, what);
	return true;
}

/*
 * With nobody left a server should refuse DATA; one that does not is sent an
 * empty message, which goes to nobody (RFC 2920 section 3.1).
 */
static bool
hear_data(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (!dialogue_hear(s, STEP_DATA, why))
		return false;
	if (reply_is_positive(&s->reply))
		return nonsense(s, STEP_DATA, why);
	if (!reply_is_intermediate(&s->reply)) {
		judge_rest(t, STEP_DATA);
		return true;
	}
	if (t->n_accepted > 0) {
		t->data_taken = true;
		return true;
	}
	s->dirty = false;
	return stream_write(&s->stream, ".\r\n", 3, why) &&
	    dialogue_hear(s, STEP_FINAL, why);
}

/* A command and its answer at a time. */
static bool
envelope_stepwise(struct transaction *t, bool chunking, struct failure *why)
{
	struct session	*s = t->s;

	if (s->dirty && (!dialogue_say(s, why, "RSET") || !hear_rset(t, why)))
		return false;
	if (!say_mail(t, why) || !hear_mail(t, why))
		return false;
	for (size_t i = 0; t->mail_taken && i < t->n; i++)
		if (!say_rcpt(t, i, why) || !hear_rcpt(t, i, why))
			return false;
	if (t->n_accepted == 0)
		return true;
	t->data_taken = chunking;
	return chunking ||
	    (dialogue_say(s, why, "DATA") && hear_data(t, why));
}

/* One flight: RSET and MAIL in the first, DATA in the last. */
static bool
flight(struct transaction *t, size_t first, size_t end, bool data,
    struct failure *why)
{
	struct session	*s = t->s;
	bool		 rset = first == 0 && s->dirty;

	if (rset && !dialogue_say(s, why, "RSET"))
		return false;
	if (first == 0 && !say_mail(t, why))
		return false;
	for (size_t i = first; i < end; i++)
		if (!say_rcpt(t, i, why))
			return false;
	if (data && !dialogue_say(s, why, "DATA"))
		return false;
	if (rset && !hear_rset(t, why))
		return false;
	if (first == 0 && !hear_mail(t, why))
		return false;
	for (size_t i = first; i < end; i++)
		if (!hear_rcpt(t, i, why))
			return false;
	return !data || hear_data(t, why);
}

static bool
envelope_pipelined(struct transaction *t, bool chunking, struct failure *why)
{
	size_t	first = 0;
	size_t	end;

	do {
		end = t->n - first > FLIGHT_MAX ? first + FLIGHT_MAX : t->n;
		if (!flight(t, first, end, end == t->n && !chunking, why))
			return false;
		first = end;
	} while (t->mail_taken && first < t->n);
	if (chunking)
		t->data_taken = t->n_accepted > 0;
	return true;
}

static void
in_doubt(struct transaction *t, const struct failure *why)
{
	for (size_t i = 0; i < t->n; i++) {
		struct outcome	*o = outcome(t, i);

		if (!t->accepted[i] || o->kind != OUTCOME_WAITING)
			continue;
		*o = (struct outcome){ .kind = OUTCOME_DEFERRED,
		    .status = EX_TEMPFAIL, .step = STEP_FINAL, .in_doubt = true };
		snprintf(o->text, sizeof(o->text), "%.400s; the server may "
		    "have taken the message all the same", why->text);
	}
}

/* No final reply, unless it is a farewell: that has not taken the message. */
static bool
unheard(struct transaction *t, const struct failure *why)
{
	if (t->s->reply.code == 421)
		judge_rest(t, STEP_FINAL);
	in_doubt(t, why);
	return false;
}

/* LMTP has a reply for each recipient it took (RFC 2033 section 4.2). */
static bool
hear_final(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	bool		 each = s->options->lmtp;

	for (size_t i = 0; i < t->n; i++) {
		if (!t->accepted[i])
			continue;
		if (!dialogue_hear(s, STEP_FINAL, why) ||
		    (reply_is_intermediate(&s->reply) &&
		    !nonsense(s, STEP_FINAL, why)))
			return unheard(t, why);
		if (!each) {
			judge_rest(t, STEP_FINAL);
			break;
		}
		judge(outcome(t, i), &s->reply, STEP_FINAL,
		    dialogue_step_name(s, STEP_FINAL));
	}
	s->dirty = false;
	s->sent++;
	return true;
}

/*
 * The message could not be sent to its end.  A server that broke off may
 * have said why before.
 */
static bool
broken_off(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	struct failure	 none;

	s->broken = true;
	failure_prefix(why, "%s: ", dialogue_step_name(s, STEP_BODY));
	buffer_clear(&s->stream.out);
	if (why->status == EX_IOERR || !stream_is_readable(&s->stream) ||
	    !dialogue_hear(s, STEP_FINAL, &none))
		return false;
	if (reply_is_transient(&s->reply) || reply_is_permanent(&s->reply)) {
		judge_rest(t, STEP_FINAL);
		dialogue_refused(s, STEP_FINAL, EX_UNAVAILABLE, why);
	}
	s->broken = true;
	return false;
}

static bool
send_message(struct transaction *t, bool chunking, struct failure *why)
{
	struct session	*s = t->s;

	s->step = STEP_BODY;
	if (!dialogue_is_quiet(s, why))
		return false;
	*t->data_sent = true;
	if (chunking && !dialogue_say(s, why, "BDAT %llu LAST",
	    (unsigned long long)t->wire.size))
		return false;
	dialogue_remark(s, "message, %llu octets",
	    (unsigned long long)t->wire.size);
	stream_set_timeout(&s->stream, s->options->timeout_ms > 0 ?
	    s->options->timeout_ms : 3 * 60 * 1000);
	if (!(chunking ? data_send_plain(&s->stream, &t->wire, why) :
	    data_send_stuffed(&s->stream, &t->wire, why)))
		return broken_off(t, why);
	return hear_final(t, why);
}

/* Everybody who waits, as many as the server takes in one transaction. */
static void
choose(struct transaction *t)
{
	unsigned	max = t->s->rcpt_max;

	t->n = 0;
	t->n_accepted = 0;
	t->mail_taken = t->data_taken = t->too_many = false;
	for (size_t i = 0; i < t->env->n; i++) {
		if (t->outcomes[i].kind != OUTCOME_WAITING)
			continue;
		if (max > 0 && t->n >= max)
			break;
		t->accepted[t->n] = false;
		t->index[t->n++] = i;
	}
}

static bool
transaction(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	bool		 chunking = offers(s, EXT_CHUNKING);

	s->step = STEP_MAIL;
	if (!dialogue_is_quiet(s, why))
		return false;
	if (!(offers(s, EXT_PIPELINING) ?
	    envelope_pipelined(t, chunking, why) :
	    envelope_stepwise(t, chunking, why)))
		return false;
	t->wire.at = 0;
	return !t->data_taken || send_message(t, chunking, why);
}

static bool
fits(struct transaction *t)
{
	uint64_t	max = t->s->size_max;
	struct outcome	too_big = { .kind = OUTCOME_FAILED,
			    .status = EX_DATAERR, .step = STEP_MAIL };

	if (max == 0 || t->wire.size <= max)
		return true;
	snprintf(too_big.text, sizeof(too_big.text), "the message has %llu "
	    "octets and the server takes %llu at most",
	    (unsigned long long)t->wire.size, (unsigned long long)max);
	for (size_t i = 0; i < t->n; i++)
		*outcome(t, i) = too_big;
	return false;
}

bool
session_send(struct session *s, const struct envelope *env,
    const struct message *message, struct outcome *outcomes, bool *data_sent,
    struct failure *why)
{
	struct wire_abilities	abilities = {
		.eight_bit = offers(s, EXT_8BITMIME),
		.utf8 = offers(s, EXT_SMTPUTF8),
	};
	struct transaction	t = { .s = s, .env = env,
				    .outcomes = outcomes,
				    .data_sent = data_sent };
	bool			good;

	*data_sent = false;
	if (!wire_prepare(&t.wire, message, &abilities, why))
		return false;
	t.index = memory_new(env->n, sizeof(*t.index));
	t.accepted = memory_new(env->n, sizeof(*t.accepted));
	choose(&t);
	good = true;
	if (t.n > 0 && fits(&t)) {
		do {
			good = transaction(&t, why);
			choose(&t);
		} while (good && t.n > 0);
	}
	free(t.index);
	free(t.accepted);
	wire_free(&t.wire);
	return good;
}
