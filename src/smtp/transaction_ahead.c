#include "smtp/transaction_ahead.h"

#include <stdlib.h>

#include "smtp/dialogue.h"
#include "util/memory.h"

enum {
	/* With more recipients, a round trip is a small part of the time. */
	RECIPIENTS_MAX = 100,

	/*
	 * While a larger message is sent, on a slow line, the next one would
	 * have to wait, too.
	 */
	MESSAGE_MAX = 256 * 1024,

	/*
	 * If the server takes longer to reply to a message, for example because
	 * it scans for viruses, a round trip is a small part of the time.
	 */
	LATE_MS = 2000,
};

static size_t
count_waiting(const struct transaction *t)
{
	size_t	n = 0;

	for (size_t i = 0; i < t->env->n; i++)
		n += t->outcomes[i].kind == OUTCOME_WAITING;
	return n;
}

/*
 * The submission service of Dovecot (2.3.19), which offers BURL, passes the
 * message on before it replies.  If it receives RCPT meanwhile, an assertion
 * fails, the process exits, and its reply is lost although the message has been
 * accepted.
 */
static bool
loses_replies(const struct session *s)
{
	return (s->extensions & EXT_BURL) != 0;
}

/*
 * Whether the envelope of another message may follow this message.  Recipients
 * that have no outcome and were not accepted need another transaction first.
 */
static bool
may_follow(const struct transaction *t)
{
	const struct session	*s = t->s;

	return s->options->next != NULL && !s->options->lmtp &&
	    (s->extensions & EXT_PIPELINING) && !loses_replies(s) &&
	    !s->ahead_failed &&
	    !t->retried && s->domain_max == 0 && !session_is_full(s) &&
	    t->wire.size <= MESSAGE_MAX && count_waiting(t) == t->n_accepted;
}

/* Whether one transaction, in one flight, is enough for all recipients. */
static bool
prepare(struct transaction *t, const struct message *message)
{
	size_t		waiting = count_waiting(t);
	struct failure	ignored;	/* session_send() reports it */

	if (waiting == 0 || !transaction_prepare(t, message, &ignored) ||
	    !transaction_is_possible(t))
		return false;
	transaction_select(t);
	return t->n == waiting && t->mode != TRANSACTION_BY_EARLY_BDAT;
}

bool
transaction_ahead_prepare(const struct transaction *now)
{
	struct session		*s = now->s;
	struct session_next	 next = { 0 };
	struct transaction	*t;
	size_t			 n;

	if (!may_follow(now) || !s->options->next(s->options->context, &next))
		return false;
	if (next.envelope == NULL || next.envelope->n > RECIPIENTS_MAX)
		return true;
	n = next.envelope->n;
	t = memory_new(1, sizeof(*t));
	*t = (struct transaction){ .s = s, .env = next.envelope,
	    .outcomes = memory_new(n, sizeof(*t->outcomes)), .ahead = true };
	/* A copy, because the attempt with next.outcomes begins later. */
	for (size_t i = 0; i < n && next.outcomes != NULL; i++)
		t->outcomes[i].kind = next.outcomes[i].kind;
	if (prepare(t, next.message))
		s->ahead = t;
	outcome_list_free(t->outcomes, n);
	t->outcomes = NULL;
	if (s->ahead == NULL) {
		transaction_free(t);
		free(t);
	}
	return true;
}

static void
fail(struct session *s)
{
	s->ahead_failed = true;
	dialogue_remark(s, "from now on, MAIL follows the reply to the message "
	    "before it");
}

/* After this, the server may reply at any time. */
static void
send_envelope(struct session *s)
{
	struct transaction	*t = s->ahead;
	struct failure		 ignored;

	s->pending += t->mode == TRANSACTION_BY_DATA;
	dialogue_hold_lines(s);
	if (!transaction_send_flight(t, 0, t->n, &ignored) ||
	    !stream_flush(&s->stream, &ignored))
		s->broken = true;
	s->holds_lines = false;
	if (s->options->next_sent != NULL)
		s->options->next_sent(s->options->context);
}

void
transaction_ahead_send(struct session *s)
{
	if (s->ahead != NULL)
		send_envelope(s);
	if (s->broken || stream_wait_line(&s->stream, LATE_MS))
		return;
	if (s->ahead != NULL) {
		session_forget_ahead(s);
		fail(s);
	}
	if (s->options->next_late != NULL)
		s->options->next_late(s->options->context);
}

void
transaction_ahead_end(struct session *s, bool received)
{
	if (s->ahead == NULL)
		return;
	if (!received && !s->ahead_works)
		fail(s);
	s->ahead->proven = s->ahead_works && received &&
	    reply_is_positive(&s->reply);
}

bool
session_is_ahead(const struct session *s, const struct envelope *env)
{
	return s->ahead != NULL && (env == NULL || s->ahead->env == env);
}

void
session_forget_ahead(struct session *s)
{
	if (s->ahead == NULL)
		return;
	transaction_free(s->ahead);
	free(s->ahead);
	s->ahead = NULL;
	s->broken = true;
}

struct transaction *
transaction_ahead_take(struct session *s, const struct envelope *env)
{
	struct transaction	*t = s->ahead;

	if (t == NULL || t->env != env)
		return NULL;
	s->ahead = NULL;
	return t;
}

bool
transaction_ahead_is_suspect(struct transaction *t)
{
	const struct reply	*r = &t->s->reply;
	bool			 is_rare = reply_is_permanent(r) &&
				    (t->s->step != STEP_RCPT || r->code == 503);

	if (!t->ahead || (t->proven && !is_rare))
		return false;
	t->again = true;
	return true;
}

void
transaction_ahead_settle(struct transaction *t)
{
	struct session	*s = t->s;

	if (t->retried && t->n_accepted > 0 && !s->ahead_failed)
		fail(s);
	t->retried = t->ahead && t->again && !t->rset;
	if (t->ahead && t->again)
		dialogue_remark(s, "sending MAIL again, after the reply to the "
		    "message before it");
	t->ahead = t->again = false;
}
