/*
 * Chooses the step of the script for a reply, and sends the reply as the step
 * says.
 */
#include "support/mock_session.h"

#include <string.h>

#include "util/memory.h"

enum { MORE_MS = 10 * 1000 };

static bool
applies(const struct mock_session *d, const struct step *s, enum stage at,
    const char *line)
{
	if (s->at != at && (s->at != ON_ANY || at == ON_HANDSHAKE ||
	    at == ON_IN_BODY))
		return false;
	if (s->connection != 0 && s->connection != d->conn->connection + 1)
		return false;
	return s->match == NULL || strstr(line, s->match) != NULL;
}

const struct step *
mock_session_step(struct mock_session *d, enum stage at, const char *line)
{
	const struct step	*s, *taken = NULL;

	/* All matches are counted, including those after the chosen step. */
	for (size_t i = 0; i < SCRIPT_STEPS; i++) {
		s = &d->conn->script->steps[i];
		if (s->at == ON_END)
			break;
		if (!applies(d, s, at, line))
			continue;
		d->hits[i]++;
		if (taken == NULL && (s->nth == 0 || s->nth == d->hits[i]))
			taken = s;
	}
	return taken;
}

/* Replaces \n by CRLF. */
static void
add_lines(struct buffer *to, const char *text)
{
	while (*text != '\0') {
		size_t	n = strcspn(text, "\n");

		buffer_add(to, text, n);
		buffer_add_text(to, "\r\n");
		text += n;
		if (*text == '\n')
			text++;
	}
}

static void
compose(struct buffer *to, const struct step *s, const char *text)
{
	if (s->raw != NULL)
		buffer_add(to, s->raw,
		    s->raw_len > 0 ? s->raw_len : strlen(s->raw));
	else
		add_lines(to, s->say != NULL ? s->say : text);
	if (s->also != NULL)
		buffer_add_text(to, s->also);
}

static int
code_of(const struct buffer *reply)
{
	int	code = 0;

	if (reply->len < 3)
		return 0;
	for (size_t i = 0; i < 3; i++) {
		if (reply->data[i] < '0' || reply->data[i] > '9')
			return 0;
		code = code * 10 + reply->data[i] - '0';
	}
	return code;
}

static bool
drip(struct mock_conn *p, const struct buffer *reply, unsigned pause)
{
	for (size_t i = 0; i < reply->len; i++) {
		mock_conn_say(p, reply->data + i, 1);
		if (!mock_conn_flush(p) ||
		    !mock_conn_wait(p, false, pause > 0 ? (int)pause : 1))
			return false;
	}
	return true;
}

static bool
split(struct mock_conn *p, const struct buffer *reply, const struct step *s)
{
	size_t	at = s->split_at > 0 ? s->split_at : reply->len / 2;

	if (at > reply->len)
		at = reply->len;
	mock_conn_say(p, reply->data, at);
	if (!mock_conn_flush(p) ||
	    !mock_conn_wait(p, false, s->pause_ms > 0 ? (int)s->pause_ms : 5))
		return false;
	mock_conn_say(p, reply->data + at, reply->len - at);
	return mock_conn_flush(p);
}

static bool
endless(struct mock_conn *p, const struct buffer *pattern)
{
	struct buffer	block = { 0 };

	while (pattern->len > 0 && block.len < 16384)
		buffer_add(&block, pattern->data, pattern->len);
	mock_conn_say(p, block.data, block.len);
	if (mock_conn_flush(p) && block.len > 0)
		while (mock_conn_send(p, block.data, block.len))
			continue;
	buffer_free(&block);
	return false;
}

static bool
utter(struct mock_conn *p, const struct step *s, const struct buffer *reply)
{
	switch (s->how) {
	case AT_ONCE:
		mock_conn_say(p, reply->data, reply->len);
		return true;
	case DRIPPING:
		return mock_conn_flush(p) && drip(p, reply, s->pause_ms);
	case SPLIT:
		return mock_conn_flush(p) && split(p, reply, s);
	case ENDLESS:
		return mock_conn_flush(p) && endless(p, reply);
	}
	return false;
}

bool
mock_session_perform(struct mock_session *d, const struct step *s,
    const char *text)
{
	struct mock_conn	*p = d->conn;
	struct buffer		 reply = { 0 };
	bool			 ok = true;

	if (s->hold || s->until_more || s->delay_ms > 0)
		ok = mock_conn_flush(p);
	if (ok && s->until_more)
		ok = p->end > p->start || mock_conn_pending(p, MORE_MS);
	if (ok && s->hold)
		ok = mock_conn_wait(p, true, -1);
	if (ok && s->delay_ms > 0)
		ok = mock_conn_wait(p, false, (int)s->delay_ms);
	compose(&reply, s, text);
	d->code = code_of(&reply);
	if (d->code != 0)
		mock_conn_event(p, EVENT_REPLY, (uint64_t)d->code, 0, NULL, 0);
	/* Before the client can see the reply or the end of the connection. */
	if (d->finals > 0 && (--d->finals == 0 || s->then != THEN_GO_ON)) {
		mock_conn_event(p, EVENT_FINAL, 0, 0, NULL, 0);
		d->finals = 0;
	}
	/* If the client has left, only read to the end. */
	ok = ok && utter(p, s, &reply);
	buffer_free(&reply);
	if (ok && s->then == THEN_GO_ON)
		return true;
	if (ok)
		ok = mock_conn_flush(p);
	if (ok)
		mock_conn_end(p, s->then);
	else
		mock_conn_drain(p);
	d->over = true;
	return false;
}

bool
mock_session_answer(struct mock_session *d, enum stage at, const char *line,
    const char *text)
{
	static const struct step	 as_usual;
	const struct step		*s = mock_session_step(d, at, line);

	return mock_session_perform(d, s != NULL ? s : &as_usual, text);
}
