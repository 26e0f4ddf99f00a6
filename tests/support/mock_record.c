#include "support/mock_record.h"

#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

/* A connection, with the capacities of its arrays and our position. */
struct mock_record_connection {
	struct heard		*heard;		/* stays where it is */
	size_t			 cap_commands, cap_flights, cap_messages;
	size_t			 cap_rcpt;	/* of the last message */
	bool			 final;		/* replies are to a message */
	uint64_t		 received;
};

static struct heard_message *
last_message(const struct mock_record_connection *c)
{
	const struct heard	*h = c->heard;

	return h->n_messages > 0 ? h->message[h->n_messages - 1] : NULL;
}

static struct mock_record_connection *
connection_at(struct mock_record *r, unsigned n)
{
	while (r->n <= n) {
		r->connection = memory_room(r->connection, r->n, &r->cap,
		    sizeof(*r->connection));
		r->connection[r->n] = (struct mock_record_connection){ 0 };
		r->connection[r->n++].heard =
		    memory_new(1, sizeof(struct heard));
	}
	return &r->connection[n];
}

static void
heard_read(struct mock_record_connection *c, bool turn, uint64_t len)
{
	struct heard		*h = c->heard;
	struct heard_flight	*f;

	if (turn) {
		h->flight = memory_room(h->flight, h->n_flights,
		    &c->cap_flights, sizeof(*h->flight));
		h->flight[h->n_flights++] = (struct heard_flight){
			.offset = c->received,
		};
	}
	f = &h->flight[h->n_flights - 1];
	f->len += len;
	f->reads++;
	c->received += len;
}

/* Splits "FROM:<path> PARAMETERS"; a path may hold quoted '>' and blanks. */
static void
split_path(const char *line, char **path, char **parameters)
{
	const char	*p = strchr(line, '<');
	const char	*from;
	bool		 quoted = false;

	if (p == NULL) {
		*path = memory_copy(line);
		*parameters = memory_copy("");
		return;
	}
	for (from = ++p; *p != '\0' && (quoted || *p != '>'); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\\' && p[1] != '\0')
			p++;
	}
	*path = memory_copy_n(from, (size_t)(p - from));
	if (*p == '>')
		p++;
	*parameters = memory_copy(p + strspn(p, " "));
}

static void
begin_message(struct mock_record_connection *c, unsigned n, const char *line)
{
	struct heard		*h = c->heard;
	struct heard_message	*m = memory_new(1, sizeof(*m));

	h->message = memory_room(h->message, h->n_messages, &c->cap_messages,
	    sizeof(*h->message));
	h->message[h->n_messages++] = m;
	m->connection = n;
	split_path(line, &m->reverse_path, &m->parameters);
	c->cap_rcpt = 0;
}

/* The open transaction, or a new one without MAIL. */
static struct heard_message *
open_message(struct mock_record_connection *c, unsigned n)
{
	if (last_message(c) == NULL || last_message(c)->complete)
		begin_message(c, n, "<>");
	return last_message(c);
}

static void
add_rcpt(struct mock_record_connection *c, unsigned n, const char *line)
{
	struct heard_message	*m = open_message(c, n);
	struct heard_rcpt	*rcpt;

	m->rcpt = memory_room(m->rcpt, m->n_rcpt, &c->cap_rcpt,
	    sizeof(*m->rcpt));
	rcpt = &m->rcpt[m->n_rcpt++];
	memset(rcpt, 0, sizeof(*rcpt));
	split_path(line, &rcpt->path, &rcpt->parameters);
}

static void
heard_command(struct mock_record *r, struct mock_record_connection *c,
    const struct event *e, const char *line)
{
	struct heard	*h = c->heard;
	enum stage	 stage = (enum stage)e->a;

	h->command = memory_room(h->command, h->n_commands, &c->cap_commands,
	    sizeof(*h->command));
	h->command[h->n_commands++] = (struct heard_command){
		.stage = stage, .line = memory_copy(line),
		.flight = h->n_flights - 1,
	};
	r->commands[stage]++;
	c->final = false;
	if (stage == ON_MAIL)
		begin_message(c, e->connection, line);
	else if (stage == ON_RCPT)
		add_rcpt(c, e->connection, line);
	else if (stage == ON_QUIT)
		h->quit = true;
}

/* In LMTP the n-th final reply is for the n-th recipient accepted. */
static void
final_reply(struct heard_message *m, int code)
{
	m->code = code;
	for (size_t i = 0; i < m->n_rcpt; i++)
		if (m->rcpt[i].code / 100 == 2 && m->rcpt[i].body_code == 0) {
			m->rcpt[i].body_code = code;
			return;
		}
}

static void
heard_reply(struct mock_record_connection *c, int code)
{
	struct heard		*h = c->heard;
	struct heard_message	*m = last_message(c);
	struct heard_command	*last;

	if (c->final && m != NULL) {
		final_reply(m, code);
		return;
	}
	if (h->n_commands == 0)
		return;
	last = &h->command[h->n_commands - 1];
	last->code = code;
	if (last->stage == ON_MAIL && m != NULL)
		m->mail_code = code;
	else if (last->stage == ON_RCPT && m != NULL)
		m->rcpt[m->n_rcpt - 1].code = code;
}

/* Removes dot-stuffing. */
static void
unstuff(struct buffer *to, const struct buffer *from)
{
	const char	*p = from->data, *end = from->data + from->len, *nl;
	bool		 line_start = true;

	while (p < end) {
		if (line_start && *p == '.')
			p++;
		nl = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		nl = nl != NULL ? nl + 1 : end;
		buffer_add(to, p, (size_t)(nl - p));
		line_start = nl - from->data >= 2 && nl[-2] == '\r';
		p = nl;
	}
}

static void
heard_piece(struct mock_record_connection *c, const struct event *e)
{
	struct heard_message	*m = open_message(c, e->connection);
	const char		*data = c->heard->wire.data + e->a;

	buffer_add(&m->wire, data, e->b);
	if (m->chunks > 0)
		buffer_add(&m->data, data, e->b);
	else
		unstuff(&m->data, &m->wire);
}

static void
heard_message(struct mock_record_connection *c, const struct event *e,
    const char *bytes)
{
	struct heard_message		*m = open_message(c, e->connection);
	const struct event_digest	*digest = (const void *)bytes;

	c->final = true;
	m->complete = true;
	m->size = e->a;
	m->round_trips = (unsigned)e->b;
	m->flights = c->heard->n_flights;
	if (e->len == 0)
		return;
	memcpy(m->sha256, digest->sha256, sizeof(m->sha256));
	buffer_add(&m->first, digest->first, digest->first_len);
	buffer_add(&m->last, digest->last, digest->last_len);
}

static void
heard_final(struct mock_record *r, struct mock_record_connection *c)
{
	r->message = memory_room(r->message, r->n_messages, &r->cap_messages,
	    sizeof(struct heard_message *));
	r->message[r->n_messages++] = last_message(c);
}

/* Consecutive strings; an empty one is returned as NULL. */
static void
take_strings(const char *bytes, char **to[], size_t n)
{
	for (size_t i = 0; i < n; i++, bytes += strlen(bytes) + 1) {
		free(*to[i]);
		*to[i] = *bytes != '\0' ? memory_copy(bytes) : NULL;
	}
}

static void
take(struct mock_record *r, const struct event *e, const char *bytes)
{
	struct mock_record_connection *c = connection_at(r, e->connection);
	struct heard	*h = c->heard;
	char		**tls[] = { &h->tls, &h->cipher, &h->sni,
			    &h->client_name };
	char		**auth[] = { &h->mechanism, &h->authorize_as,
			    &h->user, &h->password };

	switch ((enum event_kind)e->kind) {
	case EVENT_ACCEPTED:
		if (e->a > r->most_open)
			r->most_open = (size_t)e->a;
		break;
	case EVENT_READ:
		buffer_add(&h->wire, bytes, e->len);
		heard_read(c, e->a != 0, e->len);
		break;
	case EVENT_SKIPPED:
		heard_read(c, e->a != 0, e->b);
		break;
	case EVENT_SAID:
		buffer_add(&h->said, bytes, e->len);
		break;
	case EVENT_COMMAND:
		heard_command(r, c, e, bytes);
		break;
	case EVENT_REPLY:
		heard_reply(c, (int)e->a);
		break;
	case EVENT_CHUNK:
		open_message(c, e->connection)->chunks++;
		break;
	case EVENT_PIECE:
		heard_piece(c, e);
		break;
	case EVENT_MESSAGE:
		heard_message(c, e, bytes);
		break;
	case EVENT_FINAL:
		heard_final(r, c);
		break;
	case EVENT_TLS:
		take_strings(bytes, tls, 4);
		break;
	case EVENT_TLS_FAILED:
		h->tls_failure = memory_copy(bytes);
		break;
	case EVENT_AUTH:
		take_strings(bytes, auth, 4);
		break;
	case EVENT_AUTHENTICATED:
		h->authenticated = true;
		break;
	case EVENT_LEFT_EARLY:
		h->left_early = true;
		break;
	case EVENT_CLOSED:
		h->ending = (enum ending)e->a;
		r->n_closed++;
		break;
	}
}

void
mock_record_update(struct mock_record *r, struct event_log *j)
{
	struct event	 e;
	const char	*bytes;

	while (event_log_next(j, &e, &bytes))
		take(r, &e, bytes);
}

const struct heard *
mock_record_heard(const struct mock_record *r, size_t n)
{
	return n < r->n ? r->connection[n].heard : NULL;
}

static void
message_free(struct heard_message *m)
{
	for (size_t i = 0; i < m->n_rcpt; i++) {
		free(m->rcpt[i].path);
		free(m->rcpt[i].parameters);
	}
	free(m->rcpt);
	free(m->reverse_path);
	free(m->parameters);
	buffer_free(&m->wire);
	buffer_free(&m->data);
	buffer_free(&m->first);
	buffer_free(&m->last);
	free(m);
}

static void
heard_free(struct heard *h)
{
	char	*text[] = { h->tls, h->cipher, h->sni, h->client_name,
		    h->tls_failure, h->mechanism, h->authorize_as, h->user,
		    h->password };

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		free(text[i]);
	for (size_t i = 0; i < h->n_commands; i++)
		free(h->command[i].line);
	for (size_t i = 0; i < h->n_messages; i++)
		message_free(h->message[i]);
	free(h->command);
	free(h->flight);
	free(h->message);
	buffer_free(&h->wire);
	buffer_free(&h->said);
	free(h);
}

void
mock_record_free(struct mock_record *r)
{
	for (size_t i = 0; i < r->n; i++)
		heard_free(r->connection[i].heard);
	free(r->connection);
	free(r->message);
	memset(r, 0, sizeof(*r));
}
