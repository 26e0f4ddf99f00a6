#include "mime/mime_walk.h"

#include <string.h>

#include "util/text.h"

/*
 * The beginning of a part
 */

bool
mime_walk_is_signed(const struct mime_walk *w)
{
	return w->depth > 0 && w->level[w->depth - 1].is_signed;
}

static void
begin_text(struct mime_walk *w, enum mime_place place, uint64_t at)
{
	w->place = place;
	w->body_at = at;
	w->unsupported = w->ambiguous = false;
	w->line_end = 0;
	w->visitor->begin(w->context);
}

static void
begin_header(struct mime_walk *w, uint64_t at)
{
	w->place = MIME_HEADER;
	w->header_at = w->body_at = at;
	w->is_top = false;
	w->line_end = 0;
	buffer_clear(&w->header);
}

static void
open_level(struct mime_walk *w, uint64_t at)
{
	struct mime_level	*l = &w->level[w->depth];

	*l = (struct mime_level){ .type = w->type, .encoding = w->encoding,
	    .open_header = w->open_header,
	    .digest = media_type_is(&w->type, "multipart/digest"),
	    .is_signed = mime_walk_is_signed(w) ||
	    media_type_is(&w->type, "multipart/signed") ||
	    media_type_is(&w->type, "multipart/encrypted") };
	if (media_type_is(&w->type, "multipart/"))
		l->boundary_len = strlen(w->type.boundary);
	w->depth++;
	w->body_at = at;
	w->visitor->open(w->context);
}

static void
read_type(struct mime_walk *w, const struct header *h)
{
	if (!mime_header_type(&w->type, h) && w->depth > 0 &&
	    w->level[w->depth - 1].digest)
		strlcpy(w->type.type, "message/rfc822", sizeof(w->type.type));
}

/* The header is whole: what kind of part is it? */
static void
begin_body(struct mime_walk *w, const struct header *h, uint64_t at)
{
	const struct media_type	*type = &w->type;
	bool			 room = w->depth < MIME_DEPTH_MAX;
	bool			 plain, multipart;

	read_type(w, h);
	w->encoding = mime_header_encoding(h);
	plain = mime_encoding_is_identity(w->encoding);
	multipart = media_type_is(type, "multipart/");
	/* Any other label on it means nothing (RFC 2045 section 6.4). */
	if (room && multipart && type->boundary[0] != '\0') {
		open_level(w, at);
		begin_text(w, MIME_OUTSIDE, at);
		return;
	}
	if (room && plain && (media_type_is(type, "message/rfc822") ||
	    media_type_is(type, "message/news"))) {
		open_level(w, at);
		begin_header(w, at);
		return;
	}
	begin_text(w, MIME_TEXT, at);
	w->unsupported = multipart || w->encoding == ENCODING_OTHER ||
	    (plain && media_type_is(type, "message/") &&
	    !media_type_is(type, "message/global"));
}

/* Its body begins there, after an empty line or without one. */
static void
end_header(struct mime_walk *w, uint64_t at, bool empty_line)
{
	struct header	h = { 0 };

	w->open_header = !empty_line;
	if (w->header.len > 0)
		mime_header_parse(&h, w->header.data, w->header.len);
	begin_body(w, &h, at);
	header_free(&h);
}

/*
 * Lines
 */

static void	take_line(void *, const struct body_line *);

static uint64_t
line_end(const struct body_line *l)
{
	return l->at + l->len + l->end;
}

static bool
belongs_to_header(const struct mime_walk *w, const struct body_line *l)
{
	if (!l->starts)
		return true;
	if (text_is_blank(l->text[0]))
		return w->header.len > 0;
	return field_name_length(l->text, l->len) > 0;
}

/* Some programs keep the "From " line of a mailbox in front of a message. */
static bool
is_mbox_line(const struct mime_walk *w, const struct body_line *l)
{
	return w->header.len == 0 && l->starts && l->end > 0 && l->len >= 5 &&
	    memcmp(l->text, "From ", 5) == 0 &&
	    field_name_length(l->text, l->len) == 0;
}

static void
take_text(struct mime_walk *w, const struct body_line *l)
{
	w->visitor->text(w->context, l->starts ? w->line_end : 0, l);
	w->line_end = l->end;
}

/* A header too large to be kept: what it is of is not understood. */
static void
give_up_header(struct mime_walk *w, const struct body_line *l)
{
	w->visitor->skip(w->context, w->header.data, w->header.len);
	buffer_clear(&w->header);
	w->header_at = l->at;
	w->type = (struct media_type){ 0 };
	w->encoding = ENCODING_OTHER;
	begin_text(w, MIME_TEXT, l->at);
	w->unsupported = true;
	take_text(w, l);
}

static void
take_header(struct mime_walk *w, const struct body_line *l)
{
	if (l->starts && l->end > 0 && l->len == 0) {
		buffer_add_text(&w->header, "\r\n");
		end_header(w, line_end(l), true);
		return;
	}
	if (is_mbox_line(w, l)) {	/* the header is read without it */
		w->visitor->skip(w->context, l->text, l->len);
		w->header_at = line_end(l);
		return;
	}
	if (!belongs_to_header(w, l)) {
		bool	indented = text_is_blank(l->text[0]);

		end_header(w, l->at, false);
		/* Text to some readers; others drop it and read on. */
		w->unsupported |= indented;
		take_line(w, l);
		return;
	}
	if (w->header.len + l->len + 2 > MIME_HEADER_MAX) {
		give_up_header(w, l);
		return;
	}
	buffer_add(&w->header, l->text, l->len);
	if (l->end > 0)
		buffer_add_text(&w->header, "\r\n");
}

/*
 * Boundaries
 */

static void
close_level(struct mime_walk *w)
{
	w->depth--;
	w->visitor->close(w->context);
}

/* A line end in front of a boundary, of so many octets, belongs to it. */
static void
close_part(struct mime_walk *w, uint64_t at, size_t end)
{
	if (w->place == MIME_HEADER)
		end_header(w, at, false);
	if (w->place == MIME_HEADER) {	/* of a message within that part */
		w->type = (struct media_type){ 0 };
		w->encoding = ENCODING_7BIT;
		begin_text(w, MIME_TEXT, at);
	}
	w->visitor->end(w->context, at - (w->line_end < end ? w->line_end :
	    end));
}

/* Whether the line begins with the boundary; *tail is what follows it. */
static bool
begins_so(const struct mime_level *l, const struct body_line *line,
    size_t *tail)
{
	*tail = 2 + l->boundary_len;
	return l->boundary_len > 0 && line->len >= *tail &&
	    memcmp(line->text + 2, l->type.boundary, l->boundary_len) == 0;
}

static bool
is_boundary(const struct mime_level *l, const struct body_line *line,
    bool *last)
{
	size_t	i;

	if (!begins_so(l, line, &i))
		return false;
	*last = line->len >= i + 2 && memcmp(line->text + i, "--", 2) == 0;
	if (*last)
		i += 2;
	while (i < line->len && text_is_blank(line->text[i]))
		i++;
	return i == line->len;
}

static bool
may_be_boundary(const struct body_line *l)
{
	return l->starts && l->len >= 3 && memcmp(l->text, "--", 2) == 0;
}

static bool
take_boundary(struct mime_walk *w, const struct body_line *l)
{
	bool	last;
	size_t	i = w->depth;

	if (l->end == 0 || !may_be_boundary(l))
		return false;
	while (i > 0 && !is_boundary(&w->level[i - 1], l, &last))
		i--;
	if (i == 0)
		return false;
	close_part(w, l->at, l->end < 2 ? l->end : 2);
	while (w->depth > i)
		close_level(w);
	if (last) {
		close_level(w);
		w->is_top = false;
		begin_text(w, MIME_OUTSIDE, line_end(l));
	} else {
		w->level[i - 1].begun = true;
		begin_header(w, line_end(l));
	}
	return true;
}

/*
 * RFC 2046 ignores text after a boundary, but many readers do not take such a
 * line for a boundary.  Only a part that stays as it is looks right to both.
 */
static bool
is_ambiguous(const struct mime_walk *w, const struct body_line *l)
{
	size_t	tail;

	if (!may_be_boundary(l))
		return false;
	for (size_t i = 0; i < w->depth; i++)
		if (begins_so(&w->level[i], l, &tail))
			return true;
	return false;
}

static void
take_line(void *context, const struct body_line *l)
{
	struct mime_walk	*w = context;

	if (take_boundary(w, l))
		return;
	if (w->place == MIME_HEADER) {
		take_header(w, l);
		return;
	}
	w->ambiguous |= is_ambiguous(w, l);
	take_text(w, l);
}

bool
mime_walk(struct mime_walk *w, const struct message *m,
    const struct mime_visitor *visitor, void *context, struct failure *why)
{
	const struct body	*b = &m->body;
	bool			 good;

	*w = (struct mime_walk){ .visitor = visitor, .context = context,
	    .is_top = true };
	begin_body(w, &m->header, 0);
	good = body_each_line(b, take_line, w, why);
	if (good) {
		close_part(w, b->size, b->raw ? 0 : 2);
		while (w->depth > 0)
			close_level(w);
	}
	buffer_free(&w->header);
	return good;
}
