#include "smtp/transaction_data.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "smtp/dialogue.h"
#include "smtp/transaction_ahead.h"
#include "util/memory.h"

enum { BLOCK = 64 * 1024 };

/* --------------------------------------------------- octets of the message */

/* Adds a dot to each line that begins with one; writes the rest as blocks. */
static bool
write_stuffed(struct stream *s, const char *data, size_t len,
    bool *line_start, struct failure *why)
{
	const char	*end = data + len;

	if (len == 0)
		return true;
	if (*line_start && data[0] == '.' && !stream_write(s, ".", 1, why))
		return false;
	for (const char *at = data; ;) {
		const char	*lf = memchr(at, '\n', (size_t)(end - at));

		if (lf == NULL || lf + 1 == end)
			break;
		at = lf + 1;
		if (*at != '.')
			continue;
		if (!stream_write(s, data, (size_t)(at - data), why) ||
		    !stream_write(s, ".", 1, why))
			return false;
		data = at;
	}
	*line_start = end[-1] == '\n';
	return stream_write(s, data, (size_t)(end - data), why);
}

static bool
write_body(struct stream *s, struct wire *w, bool stuffed,
    struct failure *why)
{
	const struct body	*body = wire_unchanged(w);
	const char		*data = body != NULL ? body_in_memory(body) :
				    NULL;
	bool			 line_start = true;
	bool			 good = true;
	char			*block;
	ssize_t			 n;

	stuffed &= body == NULL || w->has_dots;
	if (data != NULL)
		return stuffed ? write_stuffed(s, data, (size_t)body->size,
		    &line_start, why) :
		    stream_write(s, data, (size_t)body->size, why);
	if (body != NULL && !stuffed)
		return stream_send_file(s, body->fd, body->offset, body->size,
		    why);
	/* Not on the stack: a body in memory does not need it. */
	block = memory_resize(NULL, BLOCK, 1);
	while (good && (n = wire_read(w, block, BLOCK, why)) != 0)
		good = n > 0 && (stuffed ?
		    write_stuffed(s, block, (size_t)n, &line_start, why) :
		    stream_write(s, block, (size_t)n, why));
	free(block);
	/* Only an entry of the queue that was edited has no last line end. */
	return good && (!stuffed || line_start ||
	    stream_write(s, "\r\n", 2, why));
}

bool
transaction_data_stuffed(struct stream *s, struct wire *w,
    struct failure *why)
{
	bool	line_start = true;

	return write_stuffed(s, w->head.data, w->head.len, &line_start, why) &&
	    write_body(s, w, true, why);
}

bool
transaction_data_end(struct stream *s, struct failure *why)
{
	return stream_write(s, ".\r\n", 3, why) && stream_flush(s, why);
}

bool
transaction_data_plain(struct stream *s, struct wire *w, struct failure *why)
{
	return stream_write(s, w->head.data, w->head.len, why) &&
	    write_body(s, w, false, why) &&
	    stream_flush(s, why);
}

/* ------------------------------------------------------------- the replies */

/*
 * Reads one final reply.  If none is received, the server may have accepted the
 * message; after 421 it has not.
 */
static bool
receive_final_reply(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (dialogue_receive(s, STEP_FINAL, why) &&
	    (!reply_is_intermediate(&s->reply) ||
	    dialogue_unexpected(s, STEP_FINAL, why)))
		return true;
	if (s->reply.code == 421)
		reply_outcome_rest(t, STEP_FINAL);
	reply_outcome_in_doubt(t, why);
	return false;
}

/*
 * The server offers CHUNKING but does not support BDAT.  It has read the
 * message as commands, so the session is broken, but no recipient has received
 * the message.
 */
static bool
bdat_is_unknown(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (t->mode != TRANSACTION_BY_BDAT ||
	    (s->reply.code != 500 && s->reply.code != 502))
		return false;
	s->no_chunking = true;
	s->broken = true;
	*t->data_sent = false;
	dialogue_refused(s, STEP_FINAL, EX_UNAVAILABLE, why);
	return true;
}

/*
 * After a refused BDAT, some servers keep the sender and the recipients.
 * Without RSET, they would add the next recipients to these.
 */
static bool
keeps_envelope(const struct transaction *t)
{
	return t->mode != TRANSACTION_BY_DATA &&
	    !reply_is_positive(&t->s->reply);
}

/*
 * Reads one final reply or, in LMTP, one for each accepted recipient (RFC 2033
 * section 4.2).
 */
static bool
receive_final_replies(struct transaction *t, struct failure *why)
{
	struct session		*s = t->s;
	struct reply		 before = { .code = 0 };
	const struct outcome	*same = NULL;

	for (size_t i = 0; i < t->n; i++) {
		if (!t->accepted[i])
			continue;
		if (!receive_final_reply(t, why) || bdat_is_unknown(t, why))
			return false;
		if (!s->options->lmtp) {
			reply_outcome_rest(t, STEP_FINAL);
			break;
		}
		/*
		 * For 10,000 recipients, this takes 35 million fewer
		 * instructions than an outcome from each reply.
		 */
		if (same != NULL && reply_is_same(&s->reply, &before)) {
			outcome_set(&t->outcomes[t->index[i]], same);
			continue;
		}
		reply_outcome(t, i, STEP_FINAL,
		    dialogue_step_name(s, STEP_FINAL));
		same = &t->outcomes[t->index[i]];
		before = s->reply;
	}
	s->dirty = keeps_envelope(t);
	return true;
}

/*
 * Reads a reply that was received before the end of the message, of which the
 * rest is not sent: the server does not deliver an incomplete message.  A
 * refusal is the outcome; no other reply is valid here.
 */
static bool
receive_early_reply(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	buffer_clear(&s->stream.out);
	if (!dialogue_receive(s, STEP_BODY, why))
		return false;
	s->broken = true;
	dialogue_refused(s, STEP_FINAL, EX_UNAVAILABLE, why);
	if (reply_is_transient(&s->reply) || reply_is_permanent(&s->reply))
		reply_outcome_rest(t, STEP_FINAL);
	else
		failure_suffix(why, " (before the end of the message)");
	return false;
}

/* A server may send a reply before it closes the connection. */
static bool
sending_failed(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	s->broken = true;
	failure_prefix(why, "%s: ", dialogue_step_name(s, STEP_BODY));
	if (why->status == EX_IOERR || !stream_is_readable(&s->stream))
		return false;
	return receive_early_reply(t, why);
}

/* --------------------------------------------------------- the transaction */

static bool
send_bdat(struct transaction *t, struct failure *why)
{
	return dialogue_send(t->s, why, "BDAT %llu LAST",
	    (unsigned long long)t->wire.size);
}

static void
begin_message(struct transaction *t)
{
	dialogue_remark(t->s, "message, %llu octets",
	    (unsigned long long)t->wire.size);
	dialogue_begin_message(t->s);
}

bool
transaction_data(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;
	struct stream	*stream = &s->stream;
	bool		 bdat = t->mode != TRANSACTION_BY_DATA;
	bool		 ahead, good;

	s->step = STEP_BODY;
	if (!dialogue_is_idle(s, why))
		return false;
	ahead = transaction_ahead_prepare(t);
	*t->data_sent = true;
	wire_rewind(&t->wire);
	if (bdat && !send_bdat(t, why))
		return false;
	begin_message(t);
	stream_expect_no_input(stream);
	if (!(bdat ? transaction_data_plain(stream, &t->wire, why) :
	    transaction_data_stuffed(stream, &t->wire, why)))
		return sending_failed(t, why);
	if (!bdat && t->wire.size > STREAM_OUT && stream_is_readable(stream))
		return receive_early_reply(t, why);
	if (!bdat && !transaction_data_end(stream, why))
		return sending_failed(t, why);
	/*
	 * The envelope is not part of the same write: after a failure, it would
	 * not be known whether the whole message was sent.
	 */
	if (ahead)
		transaction_ahead_send(s);
	good = receive_final_replies(t, why);
	/* If the server does not know BDAT, the envelope is not to blame. */
	transaction_ahead_end(s, good || !*t->data_sent);
	return good;
}

bool
transaction_data_early(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	*t->data_sent = true;
	wire_rewind(&t->wire);
	if (!send_bdat(t, why))
		return false;
	s->step = STEP_BODY;
	begin_message(t);
	if (transaction_data_plain(&s->stream, &t->wire, why))
		return true;
	s->broken = true;
	return failure_prefix(why, "%s: ", dialogue_step_name(s, STEP_BODY));
}

/* The server has refused MAIL, but has accepted a recipient and the message. */
static bool
doubt_refusal(struct transaction *t, struct failure *why)
{
	dialogue_unexpected(t->s, STEP_FINAL, why);
	failure_suffix(why, " after the refusal of MAIL");
	reply_outcome_in_doubt(t, why);
	return false;
}

/*
 * If the server accepts recipients but refuses BDAT permanently, the cause may
 * be that BDAT was sent in the flight of the envelope.  These recipients get no
 * outcome yet, and the message is sent to them again by DATA.
 */
bool
transaction_data_early_reply(struct transaction *t, struct failure *why)
{
	struct session	*s = t->s;

	if (!receive_final_reply(t, why))
		return false;
	if (t->n_accepted == 0)
		return !t->stale || !reply_is_positive(&s->reply) ||
		    doubt_refusal(t, why);
	if (reply_is_permanent(&s->reply)) {
		s->no_chunking = true;
		dialogue_remark(s, "trying again with DATA");
		return true;
	}
	reply_outcome_rest(t, STEP_FINAL);
	s->dirty = keeps_envelope(t);
	return true;
}
