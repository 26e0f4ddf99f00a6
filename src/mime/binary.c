#include "mime/binary.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "mime/mime_header.h"
#include "mime/mime_walk.h"
#include "util/base64.h"
#include "util/buffer.h"
#include "util/memory.h"
#include "util/text.h"

static const char	label[] = "Content-Transfer-Encoding";

enum {
	PARTS_MAX = 20000,
	LINE = 57,			/* octets in 76 of base64 */
	BLOCK = 256 * LINE,
};

/* A part that is to be encoded. */
struct part {
	uint64_t	header_at;
	uint64_t	body_at;
	uint64_t	end;
	bool		version;	/* its header needs a MIME-Version */
};

struct parts {
	struct part	*part;		/* owned; in order */
	size_t		 n;
	size_t		 cap;
	bool		 top;		/* the one is the whole body */
	const char	*charset;	/* of that */
};

struct finder {
	struct parts	*parts;
	bool			 all;
	bool			 refused;
	struct mime_walk	 walk;

	/* The present text. */
	bool			 has_controls;	/* a NUL, or a CR that ends no
						 * line */
	bool			 has_lf;	/* at the end of a line */
	bool			 has_crlf;
	uint64_t		 crlf_at;	/* the last one, if it ends
						 * the text so far */
	bool			 has_8bit;
	bool			 not_utf8;
};

/*
 * Finding
 */

static void
begin_text(void *context)
{
	struct finder	*f = context;

	f->has_controls = f->has_lf = f->has_crlf = false;
	f->has_8bit = f->not_utf8 = false;
	f->crlf_at = UINT64_MAX;
}

static void
take_text(void *context, size_t line_end, const struct body_line *l)
{
	struct finder	*f = context;

	(void)line_end;
	f->has_controls |= l->end > 2 || memchr(l->text, '\r', l->len) ||
	    memchr(l->text, '\0', l->len);
	f->has_lf |= l->end == 1;
	f->has_crlf |= l->end == 2;
	f->crlf_at = l->end == 2 ? l->at + l->len : UINT64_MAX;
	if (!text_is_ascii(l->text, l->len)) {
		f->has_8bit = true;
		f->not_utf8 = f->not_utf8 || !text_is_utf8(l->text, l->len);
	}
}

/* The part is one of a message; that may have no MIME field yet. */
static bool
is_message_body(const struct mime_walk *w)
{
	return w->is_top || (w->depth > 0 &&
	    w->level[w->depth - 1].boundary_len == 0);
}

static bool
can_be_encoded(const struct mime_walk *w)
{
	/* New fields would be those of the part that holds the message. */
	bool	astray = w->depth > 0 && is_message_body(w) &&
		    w->level[w->depth - 1].open_header;

	return w->place == MIME_TEXT && !mime_walk_is_signed(w) &&
	    !w->unsupported && !w->ambiguous && !astray;
}

/* Whether line ends have no other meaning in it. */
static bool
is_text(const struct media_type *type)
{
	return type->type[0] == '\0' || media_type_is(type, "text/") ||
	    media_type_is(type, "message/") ||
	    media_type_is(type, "multipart/");
}

static void
add_part(struct finder *f, uint64_t end)
{
	const struct mime_walk	*w = &f->walk;
	struct parts		*p = f->parts;

	p->part = memory_room(p->part, p->n, &p->cap, sizeof(*p->part));
	p->part[p->n++] = (struct part){ .header_at = w->header_at,
	    .body_at = w->body_at, .end = end,
	    .version = is_message_body(w) };
	p->top = w->is_top;
	if (p->top)
		p->charset = !f->has_8bit ? "us-ascii" :
		    f->not_utf8 ? "unknown-8bit" : "utf-8";
}

static void
end_text(void *context, uint64_t at)
{
	struct finder		*f = context;
	const struct mime_walk	*w = &f->walk;
	bool			 plain = w->place == MIME_TEXT &&
				    mime_encoding_is_identity(w->encoding);
	bool			 binary = plain && (f->all ||
				    w->encoding == ENCODING_BINARY);
	bool			 text = is_text(&w->type);
	bool			 exact;

	/* Of the last CRLF, the boundary may take only the LF. */
	f->has_controls |= f->crlf_at < UINT64_MAX && at == f->crlf_at + 1;
	exact = f->has_controls || (f->has_lf && f->has_crlf);
	if (!binary) {
		f->refused |= f->all && f->has_controls;
		return;
	}
	if (text && !exact)
		return;
	if (can_be_encoded(w) && f->parts->n < PARTS_MAX)
		add_part(f, at);
	else
		f->refused |= exact || f->has_8bit;
}

static void
ignore(void *context)
{
	(void)context;
}

static void
ignore_text(void *context, const char *text, size_t len)
{
	(void)context, (void)text, (void)len;
}

static bool
find(struct parts *parts, const struct message *m, struct failure *why)
{
	static const struct mime_visitor	visitor = {
		.open = ignore, .close = ignore, .skip = ignore_text,
		.begin = begin_text, .text = take_text, .end = end_text,
	};
	struct finder				*f = memory_new(1, sizeof(*f));
	bool					 good;

	f->parts = parts;
	f->all = m->all_binary;
	good = mime_walk(&f->walk, m, &visitor, f, why);
	if (good && f->refused)
		good = failed(why, EX_DATAERR, "the message contains binary "
		    "data that cannot be encoded as base64: the data is "
		    "outside the parts, or in a part that is signed or of an "
		    "unknown type");
	free(f);
	return good;
}

/*
 * Encoding
 */

static bool
is_label(const struct field *f, const void *context)
{
	(void)context;
	return field_is(f, label);
}

static void
relabel(struct header *h, bool version)
{
	header_remove_if(h, is_label, NULL);
	if (version && header_find(h, "MIME-Version", 0) == NULL)
		header_addf(h, "MIME-Version", "1.0");
	header_addf(h, label, "base64");
}

static void
relabel_top(struct header *h, const struct parts *parts)
{
	if (header_find(h, "Content-Type", 0) == NULL)
		header_addf(h, "Content-Type", "text/plain; charset=%s",
		    parts->charset);
	relabel(h, true);
}

struct encoder {
	const struct body	*raw;
	struct message		*message;
	struct failure		*why;
};

static bool
feed(const struct encoder *e, const char *data, size_t len)
{
	return message_feed(e->message, data, len, e->why);
}

/* The next octets, up to that end; 0 at the end, -1 with why. */
static ssize_t
read_some(const struct encoder *e, char *to, uint64_t at, uint64_t end)
{
	size_t	room = end - at < BLOCK ? (size_t)(end - at) : BLOCK;
	size_t	n = 0;

	while (n < room) {
		ssize_t	more = body_read(e->raw, at + n, to + n, room - n,
		    e->why);

		if (more <= 0)
			return -1;
		n += (size_t)more;
	}
	return (ssize_t)n;
}

static bool
copy(const struct encoder *e, uint64_t at, uint64_t end)
{
	char	block[BLOCK];
	ssize_t	n;

	for (; (n = read_some(e, block, at, end)) > 0; at += (uint64_t)n)
		if (!feed(e, block, (size_t)n))
			return false;
	return n == 0;
}

static bool
write_header(const struct encoder *e, const struct part *part)
{
	struct buffer	text = { 0 };
	struct header	h = { 0 };
	size_t		room = (size_t)(part->body_at - part->header_at);
	ssize_t		n;
	bool		good;

	while (text.len < room && (n = read_some(e, buffer_room(&text, BLOCK),
	    part->header_at + text.len, part->body_at)) > 0)
		text.len += (size_t)n;
	good = text.len == room;
	if (good) {
		if (room > 0)
			mime_header_parse(&h, text.data, room);
		relabel(&h, part->version);
		buffer_clear(&text);
		header_write(&text, &h);
		good = feed(e, text.data, text.len);
	}
	header_free(&h);
	buffer_free(&text);
	return good;
}

static bool
write_base64(const struct encoder *e, const struct part *part)
{
	struct buffer	lines = { 0 };
	char		block[BLOCK];
	uint64_t	at = part->body_at;
	bool		good = true;
	ssize_t		n = 0;

	for (; good && (n = read_some(e, block, at, part->end)) > 0;
	    at += (uint64_t)n) {
		buffer_clear(&lines);
		for (size_t i = 0; i < (size_t)n; i += LINE) {
			if (at + i > part->body_at)
				buffer_add_text(&lines, "\r\n");
			base64_encode(&lines, block + i, (size_t)n - i < LINE ?
			    (size_t)n - i : LINE);
		}
		good = feed(e, lines.data, lines.len);
	}
	buffer_free(&lines);
	return good && n == 0;
}

static bool
encode(const struct encoder *e, const struct parts *parts)
{
	uint64_t	at = 0;

	for (size_t i = 0; i < parts->n; i++) {
		const struct part	*p = &parts->part[i];

		if (!copy(e, at, p->header_at) ||
		    (!parts->top && !write_header(e, p)) ||
		    !write_base64(e, p))
			return false;
		at = p->end;
	}
	return copy(e, at, e->raw->size);
}

bool
binary_encode(struct message *m, struct failure *why)
{
	struct parts	parts = { 0 };
	struct body	raw = { .fd = -1 };
	struct encoder	e = { &raw, m, why };
	bool		good;

	if (!m->body.raw)
		return true;
	good = message_take_raw(m, &raw, why) && find(&parts,
	    &(struct message){ .header = m->header, .body = raw,
	    .all_binary = m->all_binary }, why);
	if (good && parts.top)
		relabel_top(&m->header, &parts);
	good = good && encode(&e, &parts);
	free(parts.part);
	body_close(&raw);
	return good;
}
