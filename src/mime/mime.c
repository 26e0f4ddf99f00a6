#include "mime/mime.h"

#include <stdlib.h>
#include <string.h>

#include "mime/mime_walk.h"
#include "mime/refold.h"
#include "util/memory.h"
#include "util/text.h"

enum {
	NO_CHANGE = -1,
	PIECE = 16 * 1024,	/* octets recoded at a time */
};

static const char	signed_remark[] =
    "a signed or encrypted part is sent unchanged";
static const char	unsupported_remark[] =
    "a part whose type cannot be encoded is sent unchanged";
static const char	mislabelled_remark[] =
    "a part that contradicts its Content-Transfer-Encoding is sent unchanged";
static const char	outside_remark[] =
    "8-bit text in a preamble or epilogue is sent unchanged";
static const char	ambiguous_remark[] =
    "a part with an ambiguous boundary line is sent unchanged";
static const char	boundary_remark[] =
    "a boundary that is not ASCII is sent unchanged";
static const char	field_remark[] =
    "a header field of a part is sent unchanged";
static const char	many_remark[] =
    "the message has too many parts to encode and is sent unchanged";

/* The plan for a level of the walk. */
struct level_plan {
	bool			 unchanged;	/* a part of it stays so */
	long			 change;	/* of its header; NO_CHANGE */
	struct buffer		 header;	/* if it has a change */
};

struct planner {
	struct mime_plan	*plan;
	const struct message	*message;
	const struct field_form	*form;
	bool			 eight_bit;
	bool			 too_many;	/* changes */
	struct mime_walk	 walk;
	struct level_plan	 level[MIME_DEPTH_MAX];

	/* The current text. */
	bool			 has_8bit;
	bool			 not_utf8;
	size_t			 column;
	size_t			 longest;
	struct recoder		 recoder;
	struct buffer		 scratch;
	uint64_t		 recoded;	/* octets of the encoded text */
};

/* Notes that a part stays unchanged, in all levels that contain it. */
static void
keep_unchanged(struct planner *p, const char *remark, bool has_8bit)
{
	p->plan->remark = remark;
	p->plan->has_8bit |= has_8bit;
	for (size_t i = 0; i < p->walk.depth; i++)
		p->level[i].unchanged = true;
}

static struct mime_change *
add_change(struct planner *p)
{
	const struct mime_walk	*w = &p->walk;
	struct mime_plan	*plan = p->plan;

	plan->change = memory_room(plan->change, plan->n, &plan->cap,
	    sizeof(*plan->change));
	plan->change[plan->n] = (struct mime_change){
	    .header_at = w->header_at, .body_at = w->body_at,
	    .end = w->body_at };
	return &plan->change[plan->n++];
}

static bool
is_full(const struct planner *p)
{
	return p->plan->n >= MIME_CHANGES_MAX;
}

/* Writes the changed header of a part, with its empty line. */
static bool
write_part_header(struct buffer *to, const struct buffer *text,
    const struct mime_header_change *change, const struct field_form *form)
{
	struct header	h = { 0 };
	bool		good;

	if (text->len > 0)
		mime_header_parse(&h, text->data, text->len);
	good = mime_header_write(to, &h, change, form).field == NULL;
	buffer_add_text(to, "\r\n");
	header_free(&h);
	return good;
}

/* Notes that the header of a changed part is rewritten. */
static void
change_header(struct planner *p, struct mime_change *c,
    const struct buffer *text, const struct mime_header_change *header)
{
	buffer_clear(&p->scratch);
	if (!write_part_header(&p->scratch, text, header, p->form))
		p->plan->remark = field_remark;
	c->new_header = true;
	c->header = *header;
	p->plan->size += p->scratch.len;
	p->plan->size -= c->body_at - c->header_at;
}

static bool
is_missing(const struct header *h, const char *name)
{
	return header_find(h, name, 0) == NULL;
}

/* The MIME fields for a text that is encoded, or that has no label. */
static struct mime_header_change
fields_for(const struct planner *p, const struct header *h, bool of_message,
    const char *encoding)
{
	struct mime_header_change	change = { .encoding = encoding };

	if (encoding == NULL || !of_message)
		return change;
	change.version = true;
	if (is_missing(h, "MIME-Version") && is_missing(h, "Content-Type"))
		change.charset = !p->has_8bit ? "us-ascii" :
		    p->not_utf8 ? "unknown-8bit" : "utf-8";
	return change;
}

static const char *
new_encoding(enum recoding how)
{
	return how == RECODE_TEXT ? "quoted-printable" : NULL;
}

/* Changes the header of the message, which is not part of the body. */
static void
change_top_header(struct planner *p, bool recoded)
{
	const struct header	*h = &p->message->header;
	const char		*encoding = recoded ?
				    new_encoding(p->recoder.how) : NULL;

	if (!recoded && p->has_8bit && is_missing(h, "MIME-Version") &&
	    is_missing(h, "Content-Type") &&
	    is_missing(h, "Content-Transfer-Encoding"))
		encoding = "8bit";
	p->plan->top = fields_for(p, h, true, encoding);
}

/* Changes the header of a part, which may be that of an enclosed message. */
static void
change_part_header(struct planner *p, struct mime_change *c)
{
	const struct mime_walk		*w = &p->walk;
	size_t				 outer = w->depth - 1;
	bool				 of_message = w->depth > 0 &&
					    w->level[outer].boundary_len == 0;
	struct header			 h = { 0 };
	struct mime_header_change	 change;

	if (w->header.len > 0)
		mime_header_parse(&h, w->header.data, w->header.len);
	change = fields_for(p, &h, of_message, new_encoding(c->how));
	header_free(&h);
	change_header(p, c, &w->header, &change);
	/*
	 * Without an empty line after the header of the enclosing part, new
	 * fields would become fields of that header.
	 */
	if (of_message && w->level[outer].open_header &&
	    p->level[outer].change != NO_CHANGE)
		p->plan->change[p->level[outer].change].new_header = true;
}

/* Lines that are not fields are included: a new header omits them. */
static bool
header_needs_change(const struct planner *p)
{
	const struct buffer	*header = &p->walk.header;
	struct field		 all = { .text = header->data,
				    .len = header->len };

	return header->len > 0 && !field_is_fit(&all, p->form);
}

static void
change_part(struct planner *p, uint64_t end, bool encode)
{
	const struct mime_walk	*w = &p->walk;
	struct mime_change	*c;

	if (is_full(p)) {
		p->too_many = true;
		return;
	}
	c = add_change(p);
	if (encode) {
		c->end = end;
		c->how = p->recoder.how;
		p->plan->size += p->recoded;
		p->plan->size -= end - w->body_at;
	}
	if (w->place == MIME_TEXT && !w->is_top)
		change_part_header(p, c);
}

/* Returns why the current text cannot be encoded, or NULL if it can. */
static const char *
obstacle(const struct planner *p)
{
	const struct mime_walk	*w = &p->walk;

	if (mime_walk_is_signed(w))
		return signed_remark;
	if (w->place == MIME_OUTSIDE)
		return outside_remark;
	if (w->ambiguous)
		return ambiguous_remark;
	if (p->recoder.mislabelled)
		return mislabelled_remark;
	return w->unsupported ? unsupported_remark : NULL;
}

/*
 * Visitors
 */

static void
plan_begin_text(void *context)
{
	static const enum recoding	how[] = {
		[ENCODING_7BIT] = RECODE_TEXT,
		[ENCODING_8BIT] = RECODE_TEXT,
		[ENCODING_BINARY] = RECODE_TEXT,
		[ENCODING_QUOTED] = RECODE_QUOTED,
		[ENCODING_BASE64] = RECODE_BASE64,
		[ENCODING_OTHER] = RECODE_NOTHING,
	};
	struct planner	*p = context;

	p->has_8bit = p->not_utf8 = false;
	p->column = p->longest = 0;
	p->recoded = 0;
	p->recoder = (struct recoder){ .how = p->walk.place == MIME_TEXT ?
	    how[p->walk.encoding] : RECODE_NOTHING };
}

static void
count_recoded(struct planner *p, const char *text, size_t len)
{
	if (p->recoder.how != RECODE_NOTHING)
		p->recoded += recoder_feed(&p->recoder, NULL, text, len);
}

static void
plan_text(void *context, size_t line_end, const struct body_line *l)
{
	struct planner	*p = context;

	if (line_end > 0)
		count_recoded(p, "\r\n", 2);
	if (l->starts)
		p->column = 0;
	p->column += l->len;
	if (p->column > p->longest)
		p->longest = p->column;
	if (p->message->body.has_8bit && !text_is_ascii(l->text, l->len)) {
		p->has_8bit = true;
		p->not_utf8 = p->not_utf8 || !text_is_utf8(l->text, l->len);
	}
	count_recoded(p, l->text, l->len);
}

static void
plan_end_text(void *context, uint64_t at)
{
	struct planner	*p = context;
	bool		 of_part = p->walk.place == MIME_TEXT;
	bool		 top = p->walk.is_top;
	bool		 encode = (p->has_8bit && !p->eight_bit) ||
			    p->longest > REFOLD_LIMIT;
	bool		 header = of_part && !top && header_needs_change(p);
	const char	*why_not;

	p->recoded += recoder_end(&p->recoder, NULL);
	why_not = obstacle(p);
	if (header && mime_walk_is_signed(&p->walk)) {
		keep_unchanged(p, signed_remark, p->has_8bit);
		header = false;
	}
	if (encode && why_not != NULL) {
		keep_unchanged(p, why_not, p->has_8bit);
		encode = false;
	}
	if (top && of_part)
		change_top_header(p, encode);
	if (encode || header)
		change_part(p, at, encode);
	if (!encode)
		p->plan->has_8bit |= p->has_8bit;
}

static void
plan_skipped(void *context, const char *text, size_t len)
{
	struct planner	*p = context;
	struct field	 all = { .text = (char *)text, .len = len };

	if (len > 0 && !field_is_fit(&all, p->form))
		keep_unchanged(p, field_remark, !text_is_ascii(text, len));
}

/*
 * The header of a level may change, depending on its parts; it is kept until
 * the level ends.
 */
static void
plan_open_level(void *context)
{
	struct planner		*p = context;
	struct mime_walk	*w = &p->walk;
	size_t			 i = w->depth - 1;
	struct mime_level	*level = &w->level[i];
	struct level_plan	*l = &p->level[i];
	bool			 in_signed = i > 0 && w->level[i - 1].is_signed;
	bool			 header = !w->is_top && !in_signed &&
				    header_needs_change(p);

	*l = (struct level_plan){ .change = NO_CHANGE };
	if (!p->eight_bit && !text_is_ascii(level->type.boundary,
	    level->boundary_len))
		keep_unchanged(p, boundary_remark, true);
	if ((level->encoding != ENCODING_7BIT || level->open_header ||
	    header) && !in_signed && !w->is_top && !is_full(p)) {
		l->change = (long)p->plan->n;
		add_change(p)->new_header = header;
		l->header = w->header;
		w->header = (struct buffer){ 0 };
	}
}

/*
 * Returns the Content-Transfer-Encoding that a level with these parts must
 * declare, or NULL to keep the present one.
 */
static const char *
level_encoding(const struct planner *p, size_t i)
{
	bool	seven_bit = !p->eight_bit && !p->level[i].unchanged;

	switch (p->walk.level[i].encoding) {
	case ENCODING_7BIT:
		return NULL;
	case ENCODING_8BIT:
	case ENCODING_BINARY:
		return seven_bit ? "7bit" : NULL;
	case ENCODING_QUOTED:
	case ENCODING_BASE64:
	case ENCODING_OTHER:
		break;
	}
	/* If it has no parts, the label may be correct. */
	if (!p->walk.level[i].begun)
		return NULL;
	return seven_bit ? "7bit" : "8bit";
}

static void
plan_close_level(void *context)
{
	struct planner			*p = context;
	size_t				 i = p->walk.depth;
	struct level_plan		*l = &p->level[i];
	struct mime_header_change	 header = {
		.encoding = level_encoding(p, i) };
	struct mime_change		*c;

	if (i == 0 && l->change == NO_CHANGE && header.encoding != NULL)
		p->plan->top.encoding = header.encoding;
	if (l->change != NO_CHANGE) {
		c = &p->plan->change[l->change];
		if (c->new_header || header.encoding != NULL)
			change_header(p, c, &l->header, &header);
		else
			c->header_at = c->body_at;
	}
	buffer_free(&l->header);
}

bool
mime_plan(struct mime_plan *plan, const struct message *m, bool eight_bit,
    const struct field_form *form, struct failure *why)
{
	static const struct mime_visitor	visitor = {
		.open = plan_open_level, .close = plan_close_level,
		.begin = plan_begin_text, .text = plan_text,
		.end = plan_end_text, .skip = plan_skipped,
	};
	struct planner				*p = memory_new(1, sizeof(*p));
	bool					 good;

	*plan = (struct mime_plan){ .size = m->body.size };
	p->plan = plan;
	p->message = m;
	p->form = form;
	p->eight_bit = eight_bit;
	good = mime_walk(&p->walk, m, &visitor, p, why);
	if (p->too_many) {
		plan->remark = many_remark;
		plan->n = 0;
		plan->size = m->body.size;
		plan->top = (struct mime_header_change){ 0 };
		plan->has_8bit = m->body.has_8bit;
	}
	for (size_t i = 0; i < p->walk.depth; i++)
		buffer_free(&p->level[i].header);
	buffer_free(&p->scratch);
	free(p);
	return good;
}

void
mime_plan_free(struct mime_plan *plan)
{
	free(plan->change);
	*plan = (struct mime_plan){ 0 };
}

/*
 * The second pass
 */

static bool
read_changed_header(struct mime_reader *r, const struct mime_change *c,
    const struct mime_source *from, struct failure *why)
{
	struct buffer	text = { 0 };
	size_t		len = (size_t)(c->body_at - c->header_at);
	ssize_t		n = 1;

	while (text.len < len && n > 0) {
		n = body_read(from->body, c->header_at + text.len,
		    buffer_room(&text, len - text.len), len - text.len, why);
		if (n > 0)
			text.len += (size_t)n;
	}
	if (n > 0)
		write_part_header(&r->ready, &text, &c->header, from->form);
	buffer_free(&text);
	return n > 0;
}

/* Takes the next step of a change, which may produce no octets. */
static bool
read_change(struct mime_reader *r, const struct mime_change *c,
    const struct mime_source *from, struct failure *why)
{
	char		piece[PIECE];
	uint64_t	left = c->end - r->at;
	ssize_t		n;

	if (!r->in_change) {
		r->in_change = true;
		r->at = c->body_at;
		r->recoder = (struct recoder){ .how = c->how };
		return !c->new_header || read_changed_header(r, c, from, why);
	}
	if (r->at == c->end) {
		recoder_end(&r->recoder, &r->ready);
		r->in_change = false;
		r->next++;
		return true;
	}
	n = body_read(from->body, r->at, piece, left < PIECE ? (size_t)left :
	    PIECE, why);
	if (n <= 0)
		return false;
	recoder_feed(&r->recoder, &r->ready, piece, (size_t)n);
	r->at += (uint64_t)n;
	return true;
}

ssize_t
mime_read(struct mime_reader *r, const struct mime_source *from, char *to,
    size_t room, struct failure *why)
{
	const struct mime_plan	*plan = from->plan;
	size_t			 left;

	while (r->taken == r->ready.len) {
		const struct mime_change	*c = r->next < plan->n ?
						    &plan->change[r->next] :
						    NULL;
		uint64_t			 end = c != NULL ?
						    c->header_at :
						    from->body->size;

		buffer_clear(&r->ready);
		r->taken = 0;
		if (!r->in_change && r->at < end) {	/* no change here */
			ssize_t	n = body_read(from->body, r->at, to,
				    room < end - r->at ? room :
				    (size_t)(end - r->at), why);

			r->at += n > 0 ? (uint64_t)n : 0;
			return n;
		}
		if (c == NULL)
			return 0;
		if (!read_change(r, c, from, why))
			return -1;
	}
	left = r->ready.len - r->taken;
	if (room > left)
		room = left;
	memcpy(to, r->ready.data + r->taken, room);
	r->taken += room;
	return (ssize_t)room;
}

void
mime_reader_free(struct mime_reader *r)
{
	buffer_free(&r->ready);
	*r = (struct mime_reader){ 0 };
}
