/*
 * reply_outcome.c - convert the replies of a transaction to outcomes
 */
#include <string.h>
#include <sysexits.h>

#include "smtp/dialogue.h"
#include "smtp/transaction.h"

/* The exit status for a refusal, permanent or temporary. */
static int
status_of(const struct session *s, enum session_step step)
{
	const struct reply	*r = &s->reply;

	if (reply_is_transient(r))
		return EX_TEMPFAIL;
	if (r->code == 530 || r->code == 535)
		return EX_NOPERM;		/* RFC 4954 section 6 */
	if (r->code == 552 && strcmp(r->enhanced, "5.3.4") == 0)
		return EX_DATAERR;		/* RFC 1870 section 6.1 */
	if (step == STEP_RCPT || (step == STEP_FINAL && s->options->lmtp))
		return EX_NOUSER;
	return EX_UNAVAILABLE;
}

static struct outcome *
outcome_of(struct transaction *t, size_t i)
{
	return &t->outcomes[t->index[i]];
}

void
reply_outcome(struct transaction *t, size_t i, enum session_step step,
    const char *what)
{
	const struct reply	*r = &t->s->reply;
	struct outcome		*o = outcome_of(t, i);
	char			 line[800];

	outcome_set(o, &(struct outcome){ .code = r->code, .step = step });
	strlcpy(o->enhanced, r->enhanced, sizeof(o->enhanced));
	outcome_set_text(o, "%s%s: %s", t->s->options->prefix, what,
	    reply_line(r, line, sizeof(line)));
	if (reply_is_positive(r)) {
		o->kind = OUTCOME_DELIVERED;
		o->dsn_offered = (t->s->extensions & EXT_DSN) != 0;
		return;
	}
	o->kind = reply_is_permanent(r) ? OUTCOME_FAILED : OUTCOME_DEFERRED;
	o->status = status_of(t->s, step);
}

void
reply_outcome_rest(struct transaction *t, enum session_step step)
{
	const char		*what = dialogue_step_name(t->s, step);
	const struct outcome	*first = NULL;

	for (size_t i = 0; i < t->n; i++) {
		struct outcome	*o = outcome_of(t, i);

		if (o->kind != OUTCOME_WAITING ||
		    (!t->accepted[i] && t->mail_accepted))
			continue;
		if (first != NULL) {
			outcome_set(o, first);
			continue;
		}
		reply_outcome(t, i, step, what);
		first = o;
	}
}

void
reply_outcome_in_doubt(struct transaction *t, const struct failure *why)
{
	bool		early = t->mode == TRANSACTION_BY_EARLY_BDAT;
	/* MAIL was refused, and this refusal is the outcome so far. */
	bool		contradicted = early && !t->mail_accepted &&
			    t->s->reply.code != 421 &&
			    (t->stale || why->status == EX_PROTOCOL);
	struct outcome	in_doubt = { .kind = OUTCOME_DEFERRED,
			    .status = EX_TEMPFAIL, .step = STEP_FINAL,
			    .in_doubt = true };

	outcome_set_text(&in_doubt, "%s%.650s; the server may have accepted "
	    "the message", t->s->options->prefix, why->text);
	for (size_t i = 0; i < t->n; i++) {
		struct outcome	*o = outcome_of(t, i);

		if (o->kind == OUTCOME_WAITING ? t->accepted[i] || early :
		    contradicted && t->accepted[i])
			outcome_set(o, &in_doubt);
	}
	outcome_clear(&in_doubt);
}
