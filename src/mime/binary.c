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

enum {
	PARTS_MAX = 20000,
	LINE = 57,			/* octets in 76 of base64 */
	BLOCK = 256 * LINE,
};

/* A part to be encoded. */
struct binary_part {
	uint64_t	header_at;
	uint64_t	body_at;
	uint64_t	end;
	bool		version;	/* its header needs a MIME-Version */
};

struct binary_parts {
	struct binary_part *part;	/* owned; in order */
	size_t		 n;
	size_t		 cap;
	bool		 top;		/* the only part is the whole body */
	const char	*charset;	/* of the whole body */
};

struct finder {
	struct binary_parts	*parts;
	bool			 all;		/* the body is binary (BDAT) */
	bool			 refused;	/* binary data in a part that
						 * cannot be encoded */
	struct mime_walk	 walk;

	/* The current text. */
	bool			 has_controls;	/* a NUL, or a CR that does not
						 * end a line */
	bool			 has_lf;	/* at the end of a line */
	bool			 has_crlf;
	uint64_t		 crlf_at;	/* of a CRLF at the end of the
						 * text so far */
	bool			 has_8bit;
	bool			 not_utf8;
};

/*
 * Find the binary parts.
 */

static void
find_begin_text(void *context)
{
	struct finder	*f = context;

	f->has_controls = f->has_lf = f->has_crlf = false;
	f->has_8bit = f->not_utf8 = false;
	f->crlf_at = UINT64_MAX;
}

static void
find_text(void *context, size_t line_end, const struct body_line *l)
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

/* Whether it is the body of a message, which may have no MIME fields yet. */
static bool
is_message_body(const struct mime_walk *w)
{
	return w->is_top || (w->depth > 0 &&
	    w->level[w->depth - 1].boundary_len == 0);
}

static bool
can_be_encoded(const struct mime_walk *w)
{
	/*
	 * Without an empty line after the header of the enclosing part, new
	 * fields would become fields of that header.
	 */
	bool	open_header = w->depth > 0 && is_message_body(w) &&
		    w->level[w->depth - 1].open_header;

	return w->place == MIME_TEXT && !mime_walk_is_signed(w) &&
	    !w->unsupported && !w->ambiguous && !open_header;
}

/* Whether line ends in the part are only line ends. */
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
	struct binary_parts	*p = f->parts;

	p->part = memory_room(p->part, p->n, &p->cap, sizeof(*p->part));
	p->part[p->n++] = (struct binary_part){ .header_at = w->header_at,
	    .body_at = w->body_at, .end = end,
	    .version = is_message_body(w) };
	p->top = w->is_top;
	if (p->top)
		p->charset = !f->has_8bit ? "us-ascii" :
		    f->not_utf8 ? "unknown-8bit" : "utf-8";
}

static void
find_end_text(void *context, uint64_t at)
{
	struct finder		*f = context;
	const struct mime_walk	*w = &f->walk;
	bool			 plain = w->place == MIME_TEXT &&
				    mime_encoding_is_identity(w->encoding);
	bool			 binary = plain && (f->all ||
				    w->encoding == ENCODING_BINARY);
	bool			 text = is_text(&w->type);
	bool			 exact;

	/* Only the LF of the last CRLF may belong to the boundary. */
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
find_level(void *context)
{
	(void)context;
}

static void
find_skipped(void *context, const char *text, size_t len)
{
	(void)context, (void)text, (void)len;
}

static bool
find_parts(struct binary_parts *parts, const struct message *m,
    struct failure *why)
{
	static const struct mime_visitor	visitor = {
		.open = find_level, .close = find_level, .skip = find_skipped,
		.begin = find_begin_text, .text = find_text,
		.end = find_end_text,
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
 * Encode them.
 */

static bool
is_encoding_field(const struct field *f, const void *context)
{
	(void)context;
	return field_is(f, "Content-Transfer-Encoding");
}

static void
declare_base64(struct header *h, bool version)
{
	header_remove_if(h, is_encoding_field, NULL);
	if (version && header_find(h, "MIME-Version", 0) == NULL)
		header_addf(h, "MIME-Version", "1.0");
	header_addf(h, "Content-Transfer-Encoding", "base64");
}

struct encoder {
	const struct body	*raw;
	struct message		*message;
	struct failure		*why;
};

static bool
feed_message(const struct encoder *e, const char *data, size_t len)
{
	return message_feed(e->message, data, len, e->why);
}

/*
 * Reads a whole block, or the octets up to the end.  Returns their number, 0 at
 * the end, or -1 with why.
 */
static ssize_t
read_block(const struct encoder *e, char *to, uint64_t at, uint64_t end)
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
copy_raw(const struct encoder *e, uint64_t at, uint64_t end)
{
	char	block[BLOCK];
	ssize_t	n;

	for (; (n = read_block(e, block, at, end)) > 0; at += (uint64_t)n)
		if (!feed_message(e, block, (size_t)n))
			return false;
	return n == 0;
}

static bool
write_header(const struct encoder *e, const struct binary_part *part)
{
	struct buffer	text = { 0 };
	struct header	h = { 0 };
	size_t		room = (size_t)(part->body_at - part->header_at);
	ssize_t		n;
	bool		good;

	while (text.len < room && (n = read_block(e, buffer_room(&text, BLOCK),
	    part->header_at + text.len, part->body_at)) > 0)
		text.len += (size_t)n;
	good = text.len == room;
	if (good) {
		if (room > 0)
			mime_header_parse(&h, text.data, room);
		declare_base64(&h, part->version);
		buffer_clear(&text);
		header_write(&text, &h);
		good = feed_message(e, text.data, text.len);
	}
	header_free(&h);
	buffer_free(&text);
	return good;
}

static bool
write_base64(const struct encoder *e, const struct binary_part *part)
{
	struct buffer	lines = { 0 };
	char		block[BLOCK];
	uint64_t	at = part->body_at;
	bool		good = true;
	ssize_t		n = 0;

	for (; good && (n = read_block(e, block, at, part->end)) > 0;
	    at += (uint64_t)n) {
		buffer_clear(&lines);
		for (size_t i = 0; i < (size_t)n; i += LINE) {
			if (at + i > part->body_at)
				buffer_add_text(&lines, "\r\n");
			base64_encode(&lines, block + i, (size_t)n - i < LINE ?
			    (size_t)n - i : LINE);
		}
		good = feed_message(e, lines.data, lines.len);
	}
	buffer_free(&lines);
	return good && n == 0;
}

static bool
encode_parts(const struct encoder *e, const struct binary_parts *parts)
{
	uint64_t	at = 0;

	for (size_t i = 0; i < parts->n; i++) {
		const struct binary_part	*p = &parts->part[i];

		if (!copy_raw(e, at, p->header_at) ||
		    (!parts->top && !write_header(e, p)) ||
		    !write_base64(e, p))
			return false;
		at = p->end;
	}
	return copy_raw(e, at, e->raw->size);
}

bool
binary_encode(struct message *m, struct failure *why)
{
	struct binary_parts	parts = { 0 };
	struct body		raw = { .fd = -1 };
	struct encoder		e = { &raw, m, why };
	bool			good;

	if (!m->body.raw)
		return true;
	good = message_take_raw(m, &raw, why) && find_parts(&parts,
	    &(struct message){ .header = m->header, .body = raw,
	    .all_binary = m->all_binary }, why);
	if (good && parts.top) {
		if (header_find(&m->header, "Content-Type", 0) == NULL)
			header_addf(&m->header, "Content-Type",
			    "text/plain; charset=%s", parts.charset);
		declare_base64(&m->header, true);
	}
	good = good && encode_parts(&e, &parts);
	free(parts.part);
	body_close(&raw);
	return good;
}
