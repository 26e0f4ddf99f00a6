/*
 * Chooses the step of the script for a reply, and sends the reply as the step
 * says.
 */
#include "support/dialogue.h"

#include <string.h>

#include "util/memory.h"

static bool
applies(const struct dialogue *d, const struct step *s, enum stage at,
    const char *line)
{
	if (s->at != at && (s->at != ON_ANY || at == ON_HANDSHAKE ||
	    at == ON_IN_BODY))
		return false;
	if (s->connection != 0 && s->connection != d->peer->connection + 1)
		return false;
	return s->match == NULL || strstr(line, s->match) != NULL;
}

const struct step *
dialogue_step(struct dialogue *d, enum stage at, const char *line)
{
	const struct step	*s, *taken = NULL;

	/* All matches are counted, including those after the chosen step. */
	for (size_t i = 0; i < SCRIPT_STEPS; i++) {
		s = &d->peer->script->steps[i];
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
drip(struct peer *p, const struct buffer *reply, unsigned pause)
{
	for (size_t i = 0; i < reply->len; i++) {
		peer_say(p, reply->data + i, 1);
		if (!peer_flush(p) ||
		    !peer_wait(p, false, pause > 0 ? (int)pause : 1))
			return false;
	}
	return true;
}

static bool
split(struct peer *p, const struct buffer *reply, const struct step *s)
{
	size_t	at = s->split_at > 0 ? s->split_at : reply->len / 2;

	if (at > reply->len)
		at = reply->len;
	peer_say(p, reply->data, at);
	if (!peer_flush(p) ||
	    !peer_wait(p, false, s->pause_ms > 0 ? (int)s->pause_ms : 5))
		return false;
	peer_say(p, reply->data + at, reply->len - at);
	return peer_flush(p);
}

static bool
endless(struct peer *p, const struct buffer *pattern)
{
	struct buffer	block = { 0 };

	while (pattern->len > 0 && block.len < 16384)
		buffer_add(&block, pattern->data, pattern->len);
	peer_say(p, block.data, block.len);
	if (peer_flush(p) && block.len > 0)
		while (peer_send(p, block.data, block.len))
			continue;
	buffer_free(&block);
	return false;
}

static bool
utter(struct peer *p, const struct step *s, const struct buffer *reply)
{
	switch (s->how) {
	case AT_ONCE:
		peer_say(p, reply->data, reply->len);
		return true;
	case DRIPPING:
		return peer_flush(p) && drip(p, reply, s->pause_ms);
	case SPLIT:
		return peer_flush(p) && split(p, reply, s);
	case ENDLESS:
		return peer_flush(p) && endless(p, reply);
	}
	return false;
}

bool
dialogue_perform(struct dialogue *d, const struct step *s, const char *text)
{
	struct peer	*p = d->peer;
	struct buffer	 reply = { 0 };
	bool		 ok = true;

	if (s->hold || s->delay_ms > 0)
		ok = peer_flush(p);
	if (ok && s->hold)
		ok = peer_wait(p, true, -1);
	if (ok && s->delay_ms > 0)
		ok = peer_wait(p, false, (int)s->delay_ms);
	compose(&reply, s, text);
	d->code = code_of(&reply);
	if (d->code != 0)
		peer_event(p, EVENT_REPLY, (uint64_t)d->code, 0, NULL, 0);
	/* If the client has left, only read to the end. */
	ok = ok && utter(p, s, &reply);
	buffer_free(&reply);
	if (ok && s->then == THEN_GO_ON)
		return true;
	if (ok)
		ok = peer_flush(p);
	if (ok)
		peer_end(p, s->then);
	else
		peer_drain(p);
	d->over = true;
	return false;
}

bool
dialogue_answer(struct dialogue *d, enum stage at, const char *line,
    const char *text)
{
	static const struct step	 as_usual;
	const struct step		*s = dialogue_step(d, at, line);

	return dialogue_perform(d, s != NULL ? s : &as_usual, text);
}
