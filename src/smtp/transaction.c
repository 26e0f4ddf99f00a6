/*
 * transaction.c - session_send(): one message in one or more mail
 * transactions (RFC 5321 section 3.3)
 */
#include "smtp/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/dsn.h"
#include "smtp/dialogue.h"
#include "util/memory.h"

enum {
	/*
	 * RCPT commands in a flight.  With more, the replies could fill the
	 * window while we still write (RFC 2920 section 3.1).
	 */
	FLIGHT_MAX = 100,

	/* Octets of a message that may go out with its envelope. */
	EARLY_MAX = 64 * 1024,
};

static bool
offers(const struct session *s, enum extension bit)
{
	return (s->extensions & (unsigned)bit) != 0;
}

static bool
say_mail(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	struct buffer	 line = { 0 };
	bool		 good;

	buffer_addf(&line, "MAIL FROM:<%s>", paths_reverse(&t->paths));
	if (offers(s, EXT_SIZE))
		buffer_addf(&line, " SIZE=%llu",
		    (unsigned long long)t->wire.size);
	if (offers(s, EXT_8BITMIME) && t->wire.has_8bit)
		buffer_add_text(&line, " BODY=8BITMIME");
	if (t->paths.utf8)
		buffer_add_text(&line, " SMTPUTF8");
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

	buffer_addf(&line, "RCPT TO:<%s>",
	    paths_forward(&t->paths, t->index[i]));
	if (offers(t->s, EXT_DSN)) {
		dsn_write_notify(&line, to->notify);
		if (to->orcpt != NULL)
			buffer_addf(&line, " ORCPT=%s", to->orcpt);
	}
	good = dialogue_say(t->s, why, "%s", line.data);
	buffer_free(&line);
	return good;
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
		return judge_nonsense(s, STEP_MAIL, why);
	t->mail_taken = reply_is_positive(&s->reply);
	s->dirty |= t->mail_taken;
	s->mails += t->mail_taken;
	if (!t->mail_taken)
		judge_rest(t, STEP_MAIL);
	return true;
}

/* Too many recipients; 552 is what 452 once was (RFC 5321 4.5.3.1.10). */
static bool
is_limit(const struct reply *r)
{
	if (r->enhanced[0] != '\0')
		return strcmp(r->enhanced + 1, ".5.3") == 0;
	return r->code == 452 || r->code == 552;
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
		return judge_nonsense(s, STEP_RCPT, why);
	if (reply_is_positive(&s->reply)) {
		t->accepted[i] = true;
		t->n_accepted++;
		t->taken_after |= t->too_many;
		return true;
	}
	if (t->n_accepted > 0 && is_limit(&s->reply)) {
		/* The others in a transaction of theirs. */
		t->too_many = true;
		return true;
	}
	snprintf(what, sizeof(what), "RCPT TO:<%s>",
	    t->env->forward[t->index[i]].path);
	judge(t, i, STEP_RCPT, what);
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
		return judge_nonsense(s, STEP_DATA, why);
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
envelope_stepwise(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (s->dirty && (!dialogue_say(s, why, "RSET") || !hear_rset(t, why)))
		return false;
	if (!say_mail(t, why) || !hear_mail(t, why))
		return false;
	for (size_t i = 0; t->mail_taken && !t->too_many && i < t->n; i++)
		if (!say_rcpt(t, i, why) || !hear_rcpt(t, i, why))
			return false;
	if (t->n_accepted == 0)
		return true;
	t->data_taken = t->way == BY_BDAT;
	return t->data_taken ||
	    (dialogue_say(s, why, "DATA") && hear_data(t, why));
}

/* One flight: RSET and MAIL in the first, DATA or the message in the last. */
static bool
say_flight(struct transaction *t, size_t first, size_t end, bool rset,
    struct failure *why)
{
	if (rset && !dialogue_say(t->s, why, "RSET"))
		return false;
	if (first == 0 && !say_mail(t, why))
		return false;
	for (size_t i = first; i < end; i++)
		if (!say_rcpt(t, i, why))
			return false;
	if (end < t->n || t->way == BY_BDAT)
		return true;
	if (t->way == BY_EARLY_BDAT)
		return handover_early(t, why);
	return dialogue_say(t->s, why, "DATA");
}

static bool
hear_flight(struct transaction *t, size_t first, size_t end, bool rset,
    struct failure *why)
{
	if (rset && !hear_rset(t, why))
		return false;
	if (first == 0 && !hear_mail(t, why))
		return false;
	for (size_t i = first; i < end; i++)
		if (!hear_rcpt(t, i, why))
			return false;
	return end < t->n || t->way != BY_DATA || hear_data(t, why);
}

/* No more recipients are wanted, and DATA was not said with them. */
static bool
cut_short(struct transaction *t, struct failure *why)
{
	return t->way != BY_DATA ||
	    (dialogue_say(t->s, why, "DATA") && hear_data(t, why));
}

static bool
envelope_pipelined(struct transaction *t, struct failure *why)
{
	bool	rset = t->s->dirty;
	size_t	first = 0;
	size_t	end;

	do {
		end = t->n - first > FLIGHT_MAX ? first + FLIGHT_MAX : t->n;
		if (!say_flight(t, first, end, rset && first == 0, why) ||
		    !hear_flight(t, first, end, rset && first == 0, why))
			return false;
		first = end;
	} while (t->mail_taken && !t->too_many && first < t->n);
	if (t->mail_taken && first < t->n && !cut_short(t, why))
		return false;
	if (t->way == BY_BDAT)
		t->data_taken = t->n_accepted > 0;
	return true;
}

/*
 * A session may be for so many domains of recipients (RFC 9422); a new one is
 * remembered.  Few such servers have more than one in mind, so to look
 * through the list is cheap.
 */
static bool
takes_domain(struct session *s, const char *path)
{
	const char	*at = strrchr(path, '@');
	struct buffer	 name = { 0 };
	bool		 known;

	if (s->domain_max == 0)
		return true;
	buffer_addf(&name, "%s ", at != NULL ? at : "@");
	known = s->n_domains > 0 &&
	    strcasestr(s->domains.data, name.data) != NULL;
	if (!known && s->n_domains < s->domain_max) {
		buffer_add(&s->domains, name.data, name.len);
		s->n_domains++;
		known = true;
	}
	buffer_free(&name);
	return known;
}

/*
 * Everybody who waits, as many as the server takes in one transaction.  All
 * before .from have an outcome, so all rounds together look at each path
 * about once.
 */
static void
choose(struct transaction *t)
{
	unsigned	max = t->s->rcpt_max;

	t->n = 0;
	t->n_accepted = 0;
	t->mail_taken = t->data_taken = false;
	t->too_many = t->taken_after = false;
	for (size_t i = t->from; i < t->env->n; i++) {
		if (t->outcomes[i].kind != OUTCOME_WAITING)
			continue;
		if (max > 0 && t->n >= max)
			break;
		if (!takes_domain(t->s, paths_forward(&t->paths, i)))
			continue;
		if (t->n == 0)
			t->from = i;
		t->accepted[t->n] = false;
		t->index[t->n++] = i;
	}
}

/*
 * In LMTP a first 500 after BDAT may be about the command or about the first
 * recipient, whose message the others have: so LMTP is by DATA, which costs
 * no more round trips.
 */
static enum way
choose_way(const struct transaction *t)
{
	const struct session	*s = t->s;

	if (!offers(s, EXT_CHUNKING) || s->no_chunking || s->options->lmtp)
		return BY_DATA;
	if (s->options->early_bdat && offers(s, EXT_PIPELINING) &&
	    t->wire.size <= EARLY_MAX && t->n <= FLIGHT_MAX)
		return BY_EARLY_BDAT;
	return BY_BDAT;
}

/* What went out with the envelope may have been taken, unless 421 was said. */
static bool
envelope_broken(struct transaction *t, const struct failure *why)
{
	if (t->way != BY_EARLY_BDAT || !*t->data_sent)
		return false;
	if (t->s->reply.code == 421)
		*t->data_sent = false;
	else
		judge_in_doubt(t, why);
	return false;
}

static bool
transaction(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	s->step = STEP_MAIL;
	t->way = choose_way(t);
	*t->data_sent = false;
	if (!dialogue_is_quiet(s, why))
		return false;
	if (!(offers(s, EXT_PIPELINING) ? envelope_pipelined(t, why) :
	    envelope_stepwise(t, why)))
		return envelope_broken(t, why);
	/* Told so once, it need not be told again. */
	if (t->too_many && !t->taken_after)
		s->rcpt_max = (unsigned)t->n_accepted;
	if (t->way == BY_EARLY_BDAT)
		return handover_heard(t, why);
	return !t->data_taken || handover(t, why);
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
	for (size_t i = 0; i < t->env->n; i++)
		if (t->outcomes[i].kind == OUTCOME_WAITING)
			t->outcomes[i] = too_big;
	return false;
}

/* What could not be mended on the way stands in the log, behind the reply. */
static void
tell_remark(const struct transaction *t)
{
	const char	*remark = t->wire.remark;

	if (remark == NULL)
		return;
	dialogue_remark(t->s, "%s", remark);
	for (size_t i = 0; i < t->env->n; i++) {
		struct outcome	*o = &t->outcomes[i];

		if (o->kind != OUTCOME_DELIVERED ||
		    strstr(o->text, remark) != NULL)
			continue;
		strlcat(o->text, "; ", sizeof(o->text));
		strlcat(o->text, remark, sizeof(o->text));
	}
}

static bool
may_go_on(struct session *s, struct failure *why)
{
	const struct session_options	*o = s->options;

	return o->between == NULL || o->between(o->context, why);
}

bool
session_send(struct session *s, const struct envelope *env,
    const struct message *message, struct outcome *outcomes, bool *data_sent,
    struct failure *why)
{
	struct wire_abilities	abilities = {
		.eight_bit = offers(s, EXT_8BITMIME),
	};
	struct transaction	t = { .s = s, .env = env,
				    .outcomes = outcomes,
				    .data_sent = data_sent };
	bool			good;

	*data_sent = false;
	paths_prepare(&t.paths, env, message, offers(s, EXT_SMTPUTF8),
	    outcomes);
	abilities.utf8 = t.paths.utf8;
	if (!wire_prepare(&t.wire, message, &abilities, why)) {
		paths_free(&t.paths);
		return false;
	}
	t.index = memory_new(env->n, sizeof(*t.index));
	t.accepted = memory_new(env->n, sizeof(*t.accepted));
	choose(&t);
	good = true;
	if (t.n > 0 && fits(&t)) {
		good = transaction(&t, why);
		for (choose(&t); good && t.n > 0 && !session_is_full(s);
		    choose(&t))
			good = may_go_on(s, why) && transaction(&t, why);
	}
	tell_remark(&t);
	free(t.index);
	free(t.accepted);
	wire_free(&t.wire);
	paths_free(&t.paths);
	return good;
}
