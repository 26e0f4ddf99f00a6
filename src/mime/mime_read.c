/*
 * mime_read.c - the second reading of a body: mime.h's changes are made
 */
#include "mime/mime.h"

#include <string.h>

enum { PIECE = 16 * 1024 };

/* Exactly so many octets of the body. */
static bool
read_whole(struct buffer *to, const struct body *b, uint64_t at, size_t len,
    struct failure *why)
{
	while (len > 0) {
		ssize_t	n = body_read(b, at, buffer_room(to, len), len, why);

		if (n <= 0)
			return false;
		to->len += (size_t)n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static bool
make_header(struct mime_reader *r, const struct mime_change *c,
    const struct body *b, const struct field_form *form, struct failure *why)
{
	struct buffer		text = { 0 };
	struct header		h = { 0 };
	bool			good;

	good = read_whole(&text, b, c->header_at,
	    (size_t)(c->body_at - c->header_at), why);
	if (good) {
		if (text.len > 0)
			header_parse(&h, text.data, text.len);
		header_write_amended(&r->ready, &h, &c->header, form);
		buffer_add_text(&r->ready, "\r\n");
	}
	header_free(&h);
	buffer_free(&text);
	return good;
}

static bool
make_text(struct mime_reader *r, const struct mime_change *c,
    const struct body *b, struct failure *why)
{
	char		piece[PIECE];
	uint64_t	left = c->end - r->at;
	ssize_t		n = body_read(b, r->at, piece,
			    left < PIECE ? (size_t)left : PIECE, why);

	if (n <= 0)
		return false;
	recoder_feed(&r->recoder, &r->ready, piece, (size_t)n);
	r->at += (uint64_t)n;
	return true;
}

/* The next step of a change; it may make nothing. */
static bool
make(struct mime_reader *r, const struct mime_change *c,
    const struct body *b, const struct field_form *form, struct failure *why)
{
	if (!r->within) {
		r->within = true;
		r->at = c->body_at;
		r->recoder = (struct recoder){ .how = c->how };
		return !c->amend || make_header(r, c, b, form, why);
	}
	if (r->at < c->end)
		return make_text(r, c, b, why);
	recoder_end(&r->recoder, &r->ready);
	r->within = false;
	r->next++;
	return true;
}

/* Between the changes the body goes as it is. */
static ssize_t
copy(struct mime_reader *r, const struct body *b, uint64_t end, char *to,
    size_t room, struct failure *why)
{
	ssize_t	n;

	if (room > end - r->at)
		room = (size_t)(end - r->at);
	n = body_read(b, r->at, to, room, why);
	if (n > 0)
		r->at += (uint64_t)n;
	return n;
}

ssize_t
mime_read(struct mime_reader *r, const struct mime_plan *plan,
    const struct body *b, const struct field_form *form, char *to,
    size_t room, struct failure *why)
{
	size_t	n;

	while (r->taken == r->ready.len) {
		const struct mime_change	*c = r->next < plan->n ?
						    &plan->change[r->next] :
						    NULL;
		uint64_t			 end = c != NULL ?
						    c->header_at : b->size;

		buffer_clear(&r->ready);
		r->taken = 0;
		if (!r->within && r->at < end)
			return copy(r, b, end, to, room, why);
		if (c == NULL)
			return 0;
		if (!make(r, c, b, form, why))
			return -1;
	}
	n = r->ready.len - r->taken;
	if (n > room)
		n = room;
	memcpy(to, r->ready.data + r->taken, n);
	r->taken += n;
	return (ssize_t)n;
}

void
mime_reader_free(struct mime_reader *r)
{
	buffer_free(&r->ready);
	*r = (struct mime_reader){ 0 };
}
