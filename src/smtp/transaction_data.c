/*
 * handover.c - the message itself, by DATA or BDAT, and what is said to it
 */
#include <string.h>
#include <sysexits.h>

#include "smtp/data.h"
#include "smtp/dialogue.h"
#include "smtp/transaction.h"

/* No final reply, or a farewell.  421 says that the message was not taken. */
static bool
unheard(struct transaction *t, const struct failure *why)
{
	if (t->s->reply.code == 421)
		judge_rest(t, STEP_FINAL);
	judge_in_doubt(t, why);
	return false;
}

static bool
hear(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (dialogue_hear(s, STEP_FINAL, why) &&
	    (!reply_is_intermediate(&s->reply) ||
	    judge_nonsense(s, STEP_FINAL, why)))
		return true;
	return unheard(t, why);
}

/*
 * CHUNKING was a lie: what followed BDAT was taken for commands, so this
 * connection is lost.  The message is not, for nobody has it.
 */
static bool
is_unknown(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (t->way != BY_BDAT ||
	    (s->reply.code != 500 && s->reply.code != 502))
		return false;
	s->no_chunking = true;
	s->broken = true;
	*t->data_sent = false;
	dialogue_refused(s, STEP_FINAL, EX_UNAVAILABLE, why);
	return true;
}

/* LMTP has a reply for each recipient it took (RFC 2033 section 4.2). */
static bool
hear_final(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	for (size_t i = 0; i < t->n; i++) {
		if (!t->accepted[i])
			continue;
		if (!hear(t, why) || is_unknown(t, why))
			return false;
		if (!s->options->lmtp) {
			judge_rest(t, STEP_FINAL);
			break;
		}
		judge(t, i, STEP_FINAL, dialogue_step_name(s, STEP_FINAL));
	}
	s->dirty = false;
	return true;
}

/*
 * A reply before the message has ended: a refusal is believed and saves the
 * rest, anything else makes no sense.  Without its end nobody has it.
 */
static bool
hear_early(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	buffer_clear(&s->stream.out);
	if (!dialogue_hear(s, STEP_BODY, why))
		return false;
	s->broken = true;
	dialogue_refused(s, STEP_FINAL, EX_UNAVAILABLE, why);
	if (reply_is_transient(&s->reply) || reply_is_permanent(&s->reply))
		judge_rest(t, STEP_FINAL);
	else
		failure_suffix(why, ", and the message had not ended");
	return false;
}

/*
 * The message could not be sent to its end.  A server that broke off, or
 * takes no more, may have said why.
 */
static bool
broken_off(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	s->broken = true;
	failure_prefix(why, "%s: ", dialogue_step_name(s, STEP_BODY));
	if (why->status == EX_IOERR || !stream_is_readable(&s->stream))
		return false;
	return hear_early(t, why);
}

static bool
is_answered_early(struct transaction *t)
{
	return t->wire.size > STREAM_OUT &&
	    stream_is_readable(&t->s->stream);
}

static bool
send_with_dots(struct transaction *t, struct failure *why)
{
	struct stream	*stream = &t->s->stream;

	if (!data_send_stuffed(stream, &t->wire, why))
		return broken_off(t, why);
	if (is_answered_early(t))
		return hear_early(t, why);
	return data_end(stream, why) || broken_off(t, why);
}

static bool
send_chunk(struct transaction *t, struct failure *why)
{
	return data_send_plain(&t->s->stream, &t->wire, why) ||
	    broken_off(t, why);
}

static bool
say_bdat(struct transaction *t, struct failure *why)
{
	return dialogue_say(t->s, why, "BDAT %llu LAST",
	    (unsigned long long)t->wire.size);
}

bool
handover(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	bool		 bdat = t->way != BY_DATA;

	s->step = STEP_BODY;
	if (!dialogue_is_quiet(s, why))
		return false;
	*t->data_sent = true;
	wire_rewind(&t->wire);
	if (bdat && !say_bdat(t, why))
		return false;
	dialogue_remark(s, "message, %llu octets",
	    (unsigned long long)t->wire.size);
	dialogue_patience(s);
	stream_speak_alone(&s->stream);
	return (bdat ? send_chunk(t, why) : send_with_dots(t, why)) &&
	    hear_final(t, why);
}

bool
handover_early(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	*t->data_sent = true;
	wire_rewind(&t->wire);
	if (!say_bdat(t, why))
		return false;
	dialogue_remark(s, "message, %llu octets",
	    (unsigned long long)t->wire.size);
	s->step = STEP_BODY;
	dialogue_patience(s);
	if (data_send_plain(&s->stream, &t->wire, why))
		return true;
	s->broken = true;
	return failure_prefix(why, "%s: ", dialogue_step_name(s, STEP_BODY));
}

/*
 * A server that refuses BDAT for good, though it has taken recipients, may
 * mind that it came with them: they are left waiting, for DATA.
 */
bool
handover_heard(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (!hear(t, why))
		return false;
	if (t->n_accepted == 0)
		return true;
	if (reply_is_permanent(&s->reply)) {
		s->no_chunking = true;
		dialogue_remark(s, "once more, by DATA");
		return true;
	}
	judge_rest(t, STEP_FINAL);
	s->dirty = false;
	return true;
}
