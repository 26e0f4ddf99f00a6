#include "mime/mime_walk.h"

#include <string.h>

#include "util/text.h"

bool
mime_walk_is_signed(const struct mime_walk *w)
{
	return w->depth > 0 && w->level[w->depth - 1].is_signed;
}

/*
 * The beginning of a part
 */

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

/* The header is complete; it determines the kind of part. */
static void
begin_body(struct mime_walk *w, const struct header *h, uint64_t at)
{
	struct media_type	*type = &w->type;
	bool			 room = w->depth < MIME_DEPTH_MAX;
	bool			 plain, multipart;

	if (!mime_header_type(type, h) && w->depth > 0 &&
	    w->level[w->depth - 1].digest)
		strlcpy(type->type, "message/rfc822", sizeof(type->type));
	w->encoding = mime_header_encoding(h);
	plain = mime_encoding_is_identity(w->encoding);
	multipart = media_type_is(type, "multipart/");
	/* Another encoding of a multipart is ignored (RFC 2045 section 6.4). */
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

/* The body begins at that offset, after an empty line or without one. */
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

static void	walk_line(void *, const struct body_line *);

static uint64_t
next_line_at(const struct body_line *l)
{
	return l->at + l->len + l->end;
}

static void
walk_text(struct mime_walk *w, const struct body_line *l)
{
	w->visitor->text(w->context, l->starts ? w->line_end : 0, l);
	w->line_end = l->end;
}

static void
walk_header(struct mime_walk *w, const struct body_line *l)
{
	bool	is_field = l->starts && field_name_length(l->text, l->len) > 0;
	bool	indented = l->len > 0 && text_is_blank(l->text[0]);

	if (l->starts && l->end > 0 && l->len == 0) {
		buffer_add_text(&w->header, "\r\n");
		end_header(w, next_line_at(l), true);
		return;
	}
	/* Some programs leave the "From " line of a mailbox in a message. */
	if (w->header.len == 0 && l->starts && l->end > 0 && l->len >= 5 &&
	    memcmp(l->text, "From ", 5) == 0 && !is_field) {
		w->visitor->skip(w->context, l->text, l->len);
		w->header_at = next_line_at(l);
		return;
	}
	if (l->starts && !(indented ? w->header.len > 0 : is_field)) {
		end_header(w, l->at, false);
		/* Some readers take the line for text; others skip it. */
		w->unsupported |= indented;
		walk_line(w, l);
		return;
	}
	if (w->header.len + l->len + 2 > MIME_HEADER_MAX) {
		/* The type of the part is unknown. */
		w->visitor->skip(w->context, w->header.data, w->header.len);
		buffer_clear(&w->header);
		w->header_at = l->at;
		w->type = (struct media_type){ 0 };
		w->encoding = ENCODING_OTHER;
		begin_text(w, MIME_TEXT, l->at);
		w->unsupported = true;
		walk_text(w, l);
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

/* Up to end octets of the line end before a boundary belong to the boundary. */
static void
close_part(struct mime_walk *w, uint64_t at, size_t end)
{
	if (w->place == MIME_HEADER)
		end_header(w, at, false);
	if (w->place == MIME_HEADER) {	/* of an enclosed message */
		w->type = (struct media_type){ 0 };
		w->encoding = ENCODING_7BIT;
		begin_text(w, MIME_TEXT, at);
	}
	w->visitor->end(w->context, at - (w->line_end < end ? w->line_end :
	    end));
}

/*
 * Whether the line begins with the boundary; *after is the offset of the text
 * that follows it.
 */
static bool
begins_with_boundary(const struct mime_level *l, const struct body_line *line,
    size_t *after)
{
	*after = 2 + l->boundary_len;
	return l->boundary_len > 0 && line->len >= *after &&
	    memcmp(line->text + 2, l->type.boundary, l->boundary_len) == 0;
}

static bool
is_boundary(const struct mime_level *l, const struct body_line *line,
    bool *last)
{
	size_t	i;

	if (!begins_with_boundary(l, line, &i))
		return false;
	*last = line->len >= i + 2 && memcmp(line->text + i, "--", 2) == 0;
	if (*last)
		i += 2;
	while (i < line->len && text_is_blank(line->text[i]))
		i++;
	return i == line->len;
}

static bool
walk_boundary(struct mime_walk *w, const struct body_line *l)
{
	bool	last;
	size_t	i = w->depth;

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
		begin_text(w, MIME_OUTSIDE, next_line_at(l));
	} else {
		w->level[i - 1].begun = true;
		begin_header(w, next_line_at(l));
	}
	return true;
}

static void
walk_line(void *context, const struct body_line *l)
{
	struct mime_walk	*w = context;
	bool			 dashes = l->starts && l->len >= 3 &&
				    memcmp(l->text, "--", 2) == 0;
	size_t			 after;

	if (dashes && l->end > 0 && walk_boundary(w, l))
		return;
	if (w->place == MIME_HEADER) {
		walk_header(w, l);
		return;
	}
	/*
	 * RFC 2046 ignores text after a boundary, but many readers do not
	 * recognize such a line as a boundary.  Only if the part stays
	 * unchanged is it correct for both.
	 */
	for (size_t i = 0; dashes && i < w->depth; i++)
		w->ambiguous |= begins_with_boundary(&w->level[i], l, &after);
	walk_text(w, l);
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
	good = body_each_line(b, walk_line, w, why);
	if (good) {
		close_part(w, b->size, b->raw ? 0 : 2);
		while (w->depth > 0)
			close_level(w);
	}
	buffer_free(&w->header);
	return good;
}
