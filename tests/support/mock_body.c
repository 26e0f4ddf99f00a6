/*
 * Receives a message by DATA (RFC 5321 section 4.5.2) or BDAT (RFC 3030).
 * Records its position in the stream or, if messages are discarded, counts and
 * hashes it.  The use of memory does not depend on its size.
 */
#include "support/mock_session.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/memory.h"

struct mock_body {
	EVP_MD_CTX		*sha;		/* NULL: not discarded */
	struct event_digest	 digest;
	uint64_t		 size;
	uint64_t		 octets;	/* on the wire */
	bool			 line_start;	/* DATA: at line start */
	char			 before;	/* DATA: the last octet */
};

static struct mock_body *
received_new(bool discard)
{
	struct mock_body	*b = memory_new(1, sizeof(*b));

	b->line_start = true;
	if (discard) {
		b->sha = EVP_MD_CTX_new();
		EVP_DigestInit_ex(b->sha, EVP_sha256(), NULL);
	}
	return b;
}

void
mock_body_free(struct mock_body *b)
{
	if (b == NULL)
		return;
	EVP_MD_CTX_free(b->sha);
	free(b);
}

static void
keep_last(struct event_digest *g, const char *data, size_t len)
{
	size_t	stay;

	if (len > DIGEST_ENDS) {
		data += len - DIGEST_ENDS;
		len = DIGEST_ENDS;
	}
	stay = g->last_len;
	if (stay > DIGEST_ENDS - len)
		stay = DIGEST_ENDS - len;
	memmove(g->last, g->last + g->last_len - stay, stay);
	memcpy(g->last + stay, data, len);
	g->last_len = (uint32_t)(stay + len);
}

/* Octets of the message without dot-stuffing. */
static void
received_add(struct mock_body *b, const char *data, size_t len)
{
	struct event_digest	*g = &b->digest;
	size_t			 first = DIGEST_ENDS - g->first_len;

	b->size += len;
	if (b->sha == NULL || len == 0)
		return;
	EVP_DigestUpdate(b->sha, data, len);
	if (first > len)
		first = len;
	memcpy(g->first + g->first_len, data, first);
	g->first_len += (uint32_t)first;
	keep_last(g, data, len);
}

static void
hex(char *to, const unsigned char *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", from[i]);
}

static void
tell_complete(struct mock_session *d)
{
	struct mock_conn	*p = d->conn;
	struct mock_body	*b = d->body;
	unsigned char		 sum[EVP_MAX_MD_SIZE];
	unsigned		 n = 0;
	unsigned		 round_trips = p->round_trips + (p->wrote ? 0 :
	    1);

	if (b->sha != NULL) {
		EVP_DigestFinal_ex(b->sha, sum, &n);
		hex(b->digest.sha256, sum, n);
		mock_conn_event(p, EVENT_MESSAGE, b->size, round_trips,
		    &b->digest, sizeof(b->digest));
	} else
		mock_conn_event(p, EVENT_MESSAGE, b->size, round_trips, NULL,
		    0);
}

static void
tell_piece(const struct mock_conn *p, uint64_t from)
{
	if (!p->script->discard)
		mock_conn_event(p, EVENT_PIECE, from, p->taken - from, NULL, 0);
}

/* Steps within the message; each is used once per connection. */
static bool
midway(struct mock_session *d)
{
	const struct step	*s;

	for (size_t i = 0; i < SCRIPT_STEPS; i++) {
		s = &d->conn->script->steps[i];
		if (s->at == ON_END)
			break;
		if (s->at != ON_IN_BODY || d->hits[i] > 0 ||
		    d->body->octets < s->after || (s->connection != 0 &&
		    s->connection != d->conn->connection + 1))
			continue;
		d->hits[i]++;
		if (!mock_session_perform(d, s, "") ||
		    !mock_conn_flush(d->conn))
			return false;
	}
	return true;
}

/* The final reply; in LMTP, one for each recipient. */
static void
conclude(struct mock_session *d, const char *line)
{
	const struct script	*s = d->conn->script;
	char			 text[64];

	tell_complete(d);
	d->finals = s->lmtp && d->n_rcpt > 0 ? d->n_rcpt : 1;
	snprintf(text, sizeof(text), "250 2.0.0 Ok: queued as %u%c%u",
	    d->conn->connection + 1, '-', d->n_mails);
	if (d->n_rcpt == 0)
		mock_session_answer(d, ON_BODY, line,
		    "554 5.5.1 No valid recipients");
	else if (s->size_limit > 0 && d->body->size > s->size_limit)
		mock_session_answer(d, ON_BODY, line,
		    "552 5.3.4 Message too big");
	else if (!s->lmtp)
		mock_session_answer(d, ON_BODY, line, text);
	else
		for (size_t i = 0; i < d->n_rcpt; i++)
			if (!mock_session_answer(d, ON_BODY, d->rcpt[i],
			    "250 2.1.5 Delivered"))
				break;
	if (d->finals > 0)
		mock_conn_event(d->conn, EVENT_FINAL, 0, 0, NULL, 0);
	d->finals = 0;
	mock_session_reset(d);
}

/*
 * Decodes the input of DATA that has been read; returns true at the end of the
 * message.  A dot whose meaning depends on the next octets is left in the
 * input.
 */
static bool
scan(struct mock_body *b, struct mock_conn *conn)
{
	const char	*begin = conn->in + conn->start;
	const char	*end = conn->in + conn->end;
	const char	*p = begin, *run = begin, *nl;
	bool		 done = false;

	while (p < end) {
		if (b->line_start && *p == '.') {
			size_t	left = (size_t)(end - p);

			if (memcmp(p, ".\r\n", left < 3 ? left : 3) == 0) {
				done = left >= 3;
				break;
			}
			received_add(b, run, (size_t)(p - run));
			run = ++p;
		}
		b->line_start = false;
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL) {
			p = end;
			break;
		}
		b->line_start = (nl > begin ? nl[-1] : b->before) == '\r';
		p = nl + 1;
	}
	received_add(b, run, (size_t)(p - run));
	b->octets += (uint64_t)(p - begin);
	if (p > begin)
		b->before = p[-1];
	mock_conn_take(conn, (size_t)(p - begin));
	return done;
}

void
mock_session_data(struct mock_session *d)
{
	struct mock_conn	*p = d->conn;
	uint64_t		 from = p->taken;
	bool			 done = false;

	d->body = received_new(p->script->discard);
	p->in_body = true;
	while (mock_conn_flush(p) && midway(d) && !(done = scan(d->body, p)) &&
	    midway(d) && mock_conn_fill(p))
		continue;
	/* The whole message may have been read at once. */
	done = done && midway(d);
	p->in_body = false;
	tell_piece(p, from);
	if (!done) {
		d->over = true;
		return;
	}
	mock_conn_take(p, 3);
	conclude(d, "DATA");
}

/* Takes n octets. */
static bool
take_chunk(struct mock_session *d, uint64_t n)
{
	struct mock_conn	*p = d->conn;
	uint64_t		 from = p->taken;
	bool			 ok = true;

	p->in_body = true;
	while ((ok = midway(d)) && n > 0) {
		size_t	here = p->end - p->start;

		if (here == 0) {
			if (!(ok = mock_conn_fill(p)))
				break;
			continue;
		}
		if (here > n)
			here = (size_t)n;
		received_add(d->body, p->in + p->start, here);
		d->body->octets += here;
		mock_conn_take(p, here);
		n -= here;
	}
	p->in_body = false;
	tell_piece(p, from);
	return ok;
}

void
mock_session_chunk(struct mock_session *d, const char *line, const char *args)
{
	bool		 wanted = d->mail && d->n_rcpt > 0;
	bool		 last;
	char		*end, *command = memory_copy(line);
	uint64_t	 n = strtoull(args, &end, 10);

	last = strcasecmp(end, " LAST") == 0;
	if (end == args || (*end != '\0' && !last)) {
		mock_session_answer(d, ON_BDAT, command, "501 5.5.4 Syntax");
		goto out;
	}
	d->in_chunks = true;
	if (d->body == NULL)
		d->body = received_new(d->conn->script->discard);
	mock_conn_event(d->conn, EVENT_CHUNK, n, 0, NULL, 0);
	if (!take_chunk(d, n))
		d->over = true;
	else if (last)
		conclude(d, command);
	else
		mock_session_answer(d, ON_BDAT, command,
		    wanted ? "250 2.0.0 Ok" : "503 5.5.1 Need RCPT");
out:
	free(command);
}
