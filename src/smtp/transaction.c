/*
 * transaction.c - session_send(): send a message in one or more mail
 * transactions (RFC 5321 section 3.3)
 */
#include "smtp/transaction.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mail/dsn.h"
#include "smtp/dialogue.h"
#include "smtp/transaction_ahead.h"
#include "smtp/transaction_data.h"
#include "util/memory.h"

enum {
	FLIGHT_MIN = 320,	/* RCPT commands; see flight_end() */

	/* Octets of the largest message in the flight of its envelope. */
	EARLY_MAX = 64 * 1024,
};

static bool
offers(const struct session *s, enum session_extension bit)
{
	return (s->extensions & (unsigned)bit) != 0;
}

static bool
send_mail_from(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	struct buffer	 line = { 0 };
	bool		 good;

	buffer_addf(&line, "MAIL FROM:<%s>", smtp_paths_reverse(&t->paths));
	if (offers(s, EXT_SIZE))
		buffer_addf(&line, " SIZE=%llu",
		    (unsigned long long)t->wire.size);
	if (offers(s, EXT_8BITMIME) && t->wire.has_8bit)
		buffer_add_text(&line, " BODY=8BITMIME");
	if (t->paths.utf8)
		buffer_add_text(&line, " SMTPUTF8");
	if (offers(s, EXT_DSN) && t->env->ret != RETURN_UNSPECIFIED)
		buffer_addf(&line, " RET=%s",
		    t->env->ret == RETURN_FULL ? "FULL" : "HDRS");
	if (offers(s, EXT_DSN) && t->env->envid != NULL)
		buffer_addf(&line, " ENVID=%s", t->env->envid);
	if (t->requires_tls)
		buffer_add_text(&line, " REQUIRETLS");
	good = dialogue_send_line(s, &line, why);
	buffer_free(&line);
	return good;
}

/*
 * The line is not formatted: for 10,000 recipients, snprintf(3) would take 18
 * million instructions.
 */
static bool
send_rcpt(struct transaction *t, size_t i, struct failure *why)
{
	const struct forward_path	*to = &t->env->forward[t->index[i]];
	struct buffer			 line = { 0 };
	bool				 good;

	buffer_add_text(&line, "RCPT TO:<");
	buffer_add_text(&line, smtp_paths_forward(&t->paths, t->index[i]));
	buffer_add_text(&line, ">");
	if (offers(t->s, EXT_DSN)) {
		dsn_write_notify(&line, to->notify);
		if (to->orcpt != NULL)
			buffer_addf(&line, " ORCPT=%s", to->orcpt);
	}
	good = dialogue_send_line(t->s, &line, why);
	buffer_free(&line);
	return good;
}

static bool
receive_rset(struct transaction *t, struct failure *why)
{
	if (!dialogue_receive(t->s, STEP_RSET, why))
		return false;
	if (!reply_is_positive(&t->s->reply)) {
		t->s->broken = true;
		return dialogue_refused(t->s, STEP_RSET, EX_TEMPFAIL, why);
	}
	t->s->dirty = false;
	return true;
}

static bool
receive_mail(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (!dialogue_receive(s, STEP_MAIL, why))
		return false;
	if (reply_is_intermediate(&s->reply))
		return dialogue_unexpected(s, STEP_MAIL, why);
	t->mail_accepted = reply_is_positive(&s->reply);
	s->dirty |= t->mail_accepted;
	/*
	 * If the server has kept an earlier envelope, a new session is
	 * necessary.
	 */
	if (s->reply.code == 503 && s->mails > 0 && !t->ahead)
		return dialogue_unexpected(s, STEP_MAIL, why);
	s->mails += t->mail_accepted;
	/* Until it refuses them; see reply_outcome_in_doubt(). */
	for (size_t i = 0; !t->mail_accepted && i < t->n; i++)
		t->accepted[i] = t->mode == TRANSACTION_BY_EARLY_BDAT;
	if (!t->mail_accepted && !transaction_ahead_is_suspect(t))
		reply_outcome_rest(t, STEP_MAIL);
	return true;
}

/* Too many recipients; 552 is the old code (RFC 5321 section 4.5.3.1.10). */
static bool
is_recipient_limit(const struct reply *r)
{
	if (r->enhanced[0] != '\0')
		return strcmp(r->enhanced + 1, ".5.3") == 0;
	return r->code == 452 || r->code == 552;
}

static bool
receive_rcpt(struct transaction *t, size_t i, struct failure *why)
{
	struct session	*s = t->s;
	char		 what[300];

	if (!dialogue_receive(s, STEP_RCPT, why))
		return false;
	if (!t->mail_accepted) {
		/* RCPT should be refused, because MAIL was refused. */
		t->accepted[i] = reply_is_positive(&s->reply);
		t->stale |= t->accepted[i];
		s->dirty |= t->stale;
		return true;
	}
	if (reply_is_intermediate(&s->reply))
		return dialogue_unexpected(s, STEP_RCPT, why);
	if (reply_is_positive(&s->reply)) {
		t->accepted[i] = true;
		t->n_accepted++;
		t->accepted_after |= t->too_many;
		return true;
	}
	if (t->n_accepted > 0 && is_recipient_limit(&s->reply)) {
		t->too_many = true;
		return true;
	}
	if (transaction_ahead_is_suspect(t))
		return true;
	snprintf(what, sizeof(what), "RCPT TO:<%s>",
	    t->env->forward[t->index[i]].path);
	reply_outcome(t, i, STEP_RCPT, what);
	return true;
}

/*
 * If no recipient was accepted, the server should refuse DATA.  If the server
 * accepts it, an empty message without recipients is sent (RFC 2920 section
 * 3.1), but not if the server has kept the envelope of an earlier message,
 * whose recipients would receive it.
 */
static bool
receive_data(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (!dialogue_receive(s, STEP_DATA, why))
		return false;
	if (reply_is_positive(&s->reply))
		return dialogue_unexpected(s, STEP_DATA, why);
	if (!reply_is_intermediate(&s->reply)) {
		if (!t->again && (t->n_accepted == 0 ||
		    !transaction_ahead_is_suspect(t)))
			reply_outcome_rest(t, STEP_DATA);
		return true;
	}
	if (t->n_accepted > 0) {
		t->data_accepted = true;
		return true;
	}
	if (t->stale)
		return dialogue_unexpected(s, STEP_DATA, why);
	s->dirty = false;
	return stream_write(&s->stream, ".\r\n", 3, why) &&
	    dialogue_receive(s, STEP_FINAL, why);
}

/* Without PIPELINING: one command, then its reply. */
static bool
envelope_stepwise(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (s->dirty &&
	    (!dialogue_send(s, why, "RSET") || !receive_rset(t, why)))
		return false;
	if (!send_mail_from(t, why) || !receive_mail(t, why))
		return false;
	for (size_t i = 0; t->mail_accepted && !t->too_many && i < t->n; i++)
		if (!send_rcpt(t, i, why) || !receive_rcpt(t, i, why))
			return false;
	if (t->n_accepted == 0)
		return true;
	t->data_accepted = t->mode == TRANSACTION_BY_BDAT;
	return t->data_accepted ||
	    (dialogue_send(s, why, "DATA") && receive_data(t, why));
}

bool
transaction_send_flight(struct transaction *t, size_t first, size_t end,
    struct failure *why)
{
	struct session	*s = t->s;

	dialogue_begin_flight(s);
	if (first == 0 && ((t->rset && !dialogue_send(s, why, "RSET")) ||
	    !send_mail_from(t, why)))
		return false;
	for (size_t i = first; i < end; i++)
		if (!send_rcpt(t, i, why))
			return false;
	if (end < t->n || t->mode == TRANSACTION_BY_BDAT)
		return true;
	return t->mode == TRANSACTION_BY_DATA ? dialogue_send(s, why, "DATA") :
	    transaction_data_early(t, why);
}

static bool
receive_flight(struct transaction *t, size_t first, size_t end,
    struct failure *why)
{
	if (first == 0 && ((t->rset && !receive_rset(t, why)) ||
	    !receive_mail(t, why)))
		return false;
	for (size_t i = first; i < end; i++)
		if (!receive_rcpt(t, i, why))
			return false;
	return end < t->n || t->mode != TRANSACTION_BY_DATA ||
	    receive_data(t, why);
}

/*
 * Returns the index after the last RCPT of the flight that begins at first.  A
 * server with a limit may count the recipients beyond it as errors (Postfix
 * allows 1,000 and then closes the connection), so a flight has no more RCPT
 * commands than the server has accepted so far, or than FLIGHT_MIN.  10,000
 * recipients need 6 flights.  If the limit is known, one flight is enough.
 */
static size_t
flight_end(const struct transaction *t, size_t first)
{
	size_t	most = t->s->rcpt_max > 0 ? SESSION_FLIGHT_MAX : t->n_accepted;

	if (most < FLIGHT_MIN)
		most = FLIGHT_MIN;
	if (most > SESSION_FLIGHT_MAX)
		most = SESSION_FLIGHT_MAX;
	return t->n - first > most ? first + most : t->n;
}

static bool
envelope_pipelined(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	size_t		 first = 0, end;

	t->rset = s->dirty;
	/*
	 * If the server did not execute RSET, the previous recipients could
	 * receive a message that is sent with it.
	 */
	if (t->rset && t->mode == TRANSACTION_BY_EARLY_BDAT)
		t->mode = TRANSACTION_BY_BDAT;
	do {
		end = flight_end(t, first);
		if (!transaction_send_flight(t, first, end, why) ||
		    !receive_flight(t, first, end, why))
			return false;
		first = end;
	} while (t->mail_accepted && !t->too_many && first < t->n);

	/* The server accepts no more recipients before the last flight. */
	if (t->mail_accepted && first < t->n &&
	    t->mode == TRANSACTION_BY_DATA &&
	    !(dialogue_send(s, why, "DATA") && receive_data(t, why)))
		return false;
	if (t->mode == TRANSACTION_BY_BDAT)
		t->data_accepted = t->n_accepted > 0;
	return true;
}

/* Reads the replies to an envelope that was sent ahead. */
static bool
envelope_ahead(struct transaction *t, struct failure *why)
{
	bool	kept = t->s->dirty;

	dialogue_trace_held(t->s);
	if (!receive_flight(t, 0, t->n, why)) {
		t->s->ahead_failed |= !t->s->ahead_works;
		return false;
	}
	/*
	 * The server may have kept the previous envelope, so this one is sent
	 * again, after RSET.
	 */
	if (kept) {
		t->again = t->rset = true;
		t->n_accepted = 0;
	}
	if (t->mode == TRANSACTION_BY_BDAT)
		t->data_accepted = t->n_accepted > 0;
	t->s->ahead_works |= t->data_accepted;
	return true;
}

/*
 * Returns false if the session already has recipients at RCPTDOMAINMAX other
 * domains (RFC 9422).  The limit is usually 1, so a linear search is cheap.
 */
static bool
accepts_domain(struct session *s, const char *path)
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
 * In LMTP, a first reply of 500 after BDAT could mean that the command is
 * unknown or that the message was refused for the first recipient.  LMTP
 * therefore uses DATA, which takes no more round trips.
 */
static enum transaction_mode
choose_mode(const struct transaction *t)
{
	const struct session	*s = t->s;

	if (!offers(s, EXT_CHUNKING) || s->no_chunking || s->options->lmtp)
		return TRANSACTION_BY_DATA;
	return s->options->early_bdat && offers(s, EXT_PIPELINING) &&
	    t->wire.size <= EARLY_MAX && t->n <= FLIGHT_MIN ?
	    TRANSACTION_BY_EARLY_BDAT : TRANSACTION_BY_BDAT;
}

/*
 * Paths before .from have an outcome and are not examined again, so that the
 * time does not grow with the square of their number.
 */
void
transaction_select(struct transaction *t)
{
	unsigned	max = t->s->rcpt_max;

	t->n = 0;
	t->n_accepted = 0;
	t->mail_accepted = t->data_accepted = false;
	t->too_many = t->accepted_after = t->stale = false;
	for (size_t i = t->from; i < t->env->n; i++) {
		if (t->outcomes[i].kind != OUTCOME_WAITING)
			continue;
		if (max > 0 && t->n >= max)
			break;
		if (!accepts_domain(t->s, smtp_paths_forward(&t->paths, i)))
			continue;
		if (t->n == 0)
			t->from = i;
		t->accepted[t->n] = false;
		t->index[t->n++] = i;
	}
	t->mode = choose_mode(t);
}

/* One transaction with the recipients that transaction_select() has chosen. */
static bool
send_transaction(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	bool		 good;

	s->step = STEP_MAIL;
	*t->data_sent = false;
	if (!t->ahead && !dialogue_is_idle(s, why))
		return false;
	good = t->ahead ? envelope_ahead(t, why) : offers(s, EXT_PIPELINING) ?
	    envelope_pipelined(t, why) : envelope_stepwise(t, why);
	/* For the next transaction: the server accepts so many recipients. */
	if (t->too_many && !t->accepted_after) {
		s->rcpt_max = (unsigned)t->n_accepted;
		s->rcpt_limited = true;
	}
	if (!good) {
		/*
		 * If the message was sent with the envelope, it may have been
		 * accepted, unless the reply was 421.
		 */
		if (*t->data_sent && s->reply.code == 421)
			*t->data_sent = false;
		else if (*t->data_sent)
			reply_outcome_in_doubt(t, why);
		return false;
	}
	if (t->mode == TRANSACTION_BY_EARLY_BDAT)
		return transaction_data_early_reply(t, why);
	return !t->data_accepted || transaction_data(t, why);
}

static bool
check_size(struct transaction *t)
{
	uint64_t	max = t->s->size_max;
	struct outcome	too_big = { .kind = OUTCOME_FAILED,
			    .status = EX_DATAERR, .step = STEP_MAIL };

	if (max == 0 || t->wire.size <= max)
		return true;
	outcome_set_text(&too_big, "%sthe message has %llu octets, but the "
	    "server accepts at most %llu", t->s->options->prefix,
	    (unsigned long long)t->wire.size, (unsigned long long)max);
	for (size_t i = 0; i < t->env->n; i++)
		if (t->outcomes[i].kind == OUTCOME_WAITING)
			outcome_set(&t->outcomes[i], &too_big);
	outcome_clear(&too_big);
	return false;
}

/* Returns false if the message must not be sent in this session. */
static bool
check_requiretls(struct transaction *t)
{
	struct failure	why;
	struct outcome	refused = { .kind = OUTCOME_FAILED, .step = STEP_MAIL };

	if (t->env->requiretls == REQUIRETLS_NO)
		return true;
	t->requires_tls = session_can_require_tls(t->s, &why);
	if (t->requires_tls || t->env->requiretls == REQUIRETLS_IF_OFFERED)
		return true;
	refused.status = why.status;
	strlcpy(refused.enhanced, session_cause_enhanced(why.cause),
	    sizeof(refused.enhanced));
	failure_prefix(&why, "%s", t->s->options->prefix);
	failure_suffix(&why, ", so the message was not sent");
	outcome_set_text(&refused, "%s", why.text);
	for (size_t i = 0; i < t->env->n; i++)
		if (t->outcomes[i].kind == OUTCOME_WAITING)
			outcome_set(&t->outcomes[i], &refused);
	outcome_clear(&refused);
	return false;
}

bool
transaction_prepare(struct transaction *t, const struct message *message,
    struct failure *why)
{
	const struct session	*s = t->s;
	struct wire_abilities	 abilities = {
		.eight_bit = offers(s, EXT_8BITMIME),
		.any = s->options->unchanged,
	};

	smtp_paths_prepare(&t->paths, s, t->env, message, t->outcomes);
	abilities.utf8 = t->paths.utf8;
	t->index = memory_new(t->env->n, sizeof(*t->index));
	t->accepted = memory_new(t->env->n, sizeof(*t->accepted));
	return wire_prepare(&t->wire, message, &abilities, why);
}

void
transaction_free(struct transaction *t)
{
	free(t->index);
	free(t->accepted);
	wire_free(&t->wire);
	smtp_paths_free(&t->paths);
}

bool
transaction_is_possible(struct transaction *t)
{
	return check_requiretls(t) && check_size(t);
}

static bool
report_transaction(const struct session *s)
{
	const struct session_options	*o = s->options;

	return o->after_transaction == NULL || o->after_transaction(o->context);
}

bool
session_send(struct session *s, const struct envelope *env,
    const struct message *message, struct outcome *outcomes, bool *data_sent,
    struct failure *why)
{
	struct transaction	own, *t = transaction_ahead_take(s, env);
	bool			good = true, more = true;

	*data_sent = false;
	if (t == NULL) {
		t = &own;
		own = (struct transaction){ .s = s, .env = env,
		    .outcomes = outcomes };
		good = transaction_prepare(t, message, why);
		more = good && transaction_is_possible(t);
	}
	t->outcomes = outcomes;
	t->data_sent = data_sent;
	while (more) {
		if (!t->ahead)
			transaction_select(t);
		if (t->n == 0)
			break;
		good = send_transaction(t, why);
		transaction_ahead_settle(t);
		/* Text that could not be repaired is logged with the reply. */
		for (size_t i = 0; t->wire.remark != NULL && i < t->n; i++) {
			struct outcome	*o = &outcomes[t->index[i]];

			if (o->kind == OUTCOME_DELIVERED)
				outcome_add_text(o, "; %s", t->wire.remark);
		}
		more = good && report_transaction(s) && !session_is_full(s);
	}
	/* Also reports outcomes for which no transaction was necessary. */
	report_transaction(s);
	if (t->wire.remark != NULL)
		dialogue_remark(s, "%s", t->wire.remark);
	transaction_free(t);
	if (t != &own)
		free(t);
	return good || failure_prefix(why, "%s", s->options->prefix);
}
