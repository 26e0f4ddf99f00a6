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

/* What becomes of a level. */
struct level {
	bool			 unchanged;	/* holds what was left alone */
	long			 change;	/* of its header, NO_CHANGE */
	struct buffer		 header;	/* if there is a change */
};

struct planner {
	struct mime_plan	*plan;
	const struct message	*message;
	const struct field_form	*form;
	bool			 eight_bit;
	bool			 too_many;	/* changes */
	struct mime_walk	 walk;
	struct level		 level[MIME_DEPTH_MAX];

	/* The present text. */
	bool			 has_8bit;
	bool			 not_utf8;
	size_t			 column;
	size_t			 longest;
	struct recoder		 recoder;
	struct buffer		 scratch;
	uint64_t		 recoded;	/* octets it would have */
};

static void
leave(struct planner *p, const char *remark, bool has_8bit)
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

static void
change_size(struct planner *p, uint64_t from, uint64_t to)
{
	p->plan->size += to;
	p->plan->size -= from;
}

/* Writes a part's header as it will be; the empty line is part of it. */
static bool
amend(struct buffer *to, const struct buffer *text,
    const struct mime_header_change *a, const struct field_form *form)
{
	struct header	h = { 0 };
	bool		good;

	if (text->len > 0)
		mime_header_parse(&h, text->data, text->len);
	good = mime_header_write(to, &h, a, form).field == NULL;
	buffer_add_text(to, "\r\n");
	header_free(&h);
	return good;
}

/* Notes that the header of a change is written anew. */
static void
amend_change(struct planner *p, struct mime_change *c,
    const struct buffer *header, const struct mime_header_change *a)
{
	buffer_clear(&p->scratch);
	if (!amend(&p->scratch, header, a, p->form))
		p->plan->remark = field_remark;
	c->amend = true;
	c->header = *a;
	change_size(p, c->body_at - c->header_at, p->scratch.len);
}

/*
 * The end of a part that is no container
 */

static bool
is_unfit(const struct planner *p)
{
	return (p->has_8bit && !p->eight_bit) || p->longest > REFOLD_LIMIT;
}

/* Why the text of a part can't be encoded; NULL if it can. */
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

static const char *
encoding_name(enum recoding how)
{
	switch (how) {
	case RECODE_TEXT:
		return "quoted-printable";
	case RECODE_NOTHING:
	case RECODE_QUOTED:
	case RECODE_BASE64:
		break;
	}
	return NULL;
}

static bool
is_missing(const struct header *h, const char *name)
{
	return header_find(h, name, 0) == NULL;
}

/* What the header has to say once the text is encoded, or labelled. */
static struct mime_header_change
label(const struct planner *p, const struct header *h, bool of_message,
    const char *encoding)
{
	struct mime_header_change	a = { .encoding = encoding };

	if (encoding == NULL || !of_message)
		return a;
	a.version = true;
	if (is_missing(h, "MIME-Version") && is_missing(h, "Content-Type"))
		a.charset = !p->has_8bit ? "us-ascii" :
		    p->not_utf8 ? "unknown-8bit" : "utf-8";
	return a;
}

/* The message's own body: its header is not in it. */
static void
label_top(struct planner *p, bool recoded)
{
	const struct header	*h = &p->message->header;
	const char		*encoding = recoded ?
				    encoding_name(p->recoder.how) : NULL;

	if (!recoded && p->has_8bit && is_missing(h, "MIME-Version") &&
	    is_missing(h, "Content-Type") &&
	    is_missing(h, "Content-Transfer-Encoding"))
		encoding = "8bit";
	p->plan->top = label(p, h, true, encoding);
}

/* A part's header; it may be that of a message within the message. */
static void
label_part(struct planner *p, struct mime_change *c)
{
	const struct mime_walk	*w = &p->walk;
	size_t			 outer = w->depth - 1;
	bool			 of_message = w->depth > 0 &&
				    w->level[outer].boundary_len == 0;
	struct header		 h = { 0 };
	struct mime_header_change	 a;

	if (w->header.len > 0)
		mime_header_parse(&h, w->header.data, w->header.len);
	a = label(p, &h, of_message, encoding_name(c->how));
	header_free(&h);
	amend_change(p, c, &w->header, &a);
	/* Else the new fields would be those of the part that holds it. */
	if (of_message && w->level[outer].open_header &&
	    p->level[outer].change != NO_CHANGE)
		p->plan->change[p->level[outer].change].amend = true;
}

/* Lines that are no field count: they are left out of a new header. */
static bool
header_is_unfit(const struct planner *p)
{
	const struct buffer	*header = &p->walk.header;
	struct field		 all = { .text = header->data,
				    .len = header->len };

	return header->len > 0 && !field_is_fit(&all, p->form);
}

static void
change_part(struct planner *p, uint64_t end, bool unfit)
{
	const struct mime_walk	*w = &p->walk;
	struct mime_change	*c;

	if (is_full(p)) {
		p->too_many = true;
		return;
	}
	c = add_change(p);
	if (unfit) {
		c->end = end;
		c->how = p->recoder.how;
		change_size(p, end - w->body_at, p->recoded);
	}
	if (w->place == MIME_TEXT && !w->is_top)
		label_part(p, c);
}

static void
end_text(void *context, uint64_t at)
{
	struct planner	*p = context;
	bool		 of_part = p->walk.place == MIME_TEXT;
	bool		 top = p->walk.is_top;
	bool		 unfit = is_unfit(p);
	bool		 fields = of_part && !top && header_is_unfit(p);
	const char	*why_not;

	p->recoded += recoder_end(&p->recoder, NULL);
	why_not = obstacle(p);
	if (fields && mime_walk_is_signed(&p->walk)) {
		leave(p, signed_remark, p->has_8bit);
		fields = false;
	}
	if (unfit && why_not != NULL) {
		leave(p, why_not, p->has_8bit);
		unfit = false;
	}
	if (top && of_part)
		label_top(p, unfit);
	if (unfit || fields)
		change_part(p, at, unfit);
	if (!unfit)
		p->plan->has_8bit |= p->has_8bit;
}

/*
 * Its beginning
 */

static enum recoding
recoding_of(enum mime_encoding e)
{
	switch (e) {
	case ENCODING_7BIT:
	case ENCODING_8BIT:
	case ENCODING_BINARY:
		return RECODE_TEXT;
	case ENCODING_QUOTED:
		return RECODE_QUOTED;
	case ENCODING_BASE64:
		return RECODE_BASE64;
	case ENCODING_OTHER:
		break;
	}
	return RECODE_NOTHING;
}

static void
begin_text(void *context)
{
	struct planner	*p = context;

	p->has_8bit = p->not_utf8 = false;
	p->column = p->longest = 0;
	p->recoded = 0;
	p->recoder = (struct recoder){ .how = p->walk.place == MIME_TEXT ?
	    recoding_of(p->walk.encoding) : RECODE_NOTHING };
}

static void
recode(struct planner *p, const char *text, size_t len)
{
	if (p->recoder.how != RECODE_NOTHING)
		p->recoded += recoder_feed(&p->recoder, NULL, text, len);
}

static void
take_text(void *context, size_t line_end, const struct body_line *l)
{
	struct planner	*p = context;

	if (line_end > 0)
		recode(p, "\r\n", 2);
	if (l->starts)
		p->column = 0;
	p->column += l->len;
	if (p->column > p->longest)
		p->longest = p->column;
	if (p->message->body.has_8bit && !text_is_ascii(l->text, l->len)) {
		p->has_8bit = true;
		p->not_utf8 = p->not_utf8 || !text_is_utf8(l->text, l->len);
	}
	recode(p, l->text, l->len);
}

/* It stays in front of the header, or instead of it. */
static void
skip_text(void *context, const char *text, size_t len)
{
	struct planner	*p = context;
	struct field	 all = { .text = (char *)text, .len = len };

	if (len > 0 && !field_is_fit(&all, p->form))
		leave(p, field_remark, !text_is_ascii(text, len));
}

/*
 * A part that holds others; what its header says of them may change.
 */

static void
open_level(void *context)
{
	struct planner		*p = context;
	struct mime_walk	*w = &p->walk;
	size_t			 i = w->depth - 1;
	struct mime_level	*level = &w->level[i];
	struct level		*l = &p->level[i];
	bool			 is_signed = i > 0 && w->level[i - 1].is_signed;
	bool			 fields = !w->is_top && !is_signed &&
				    header_is_unfit(p);

	*l = (struct level){ .change = NO_CHANGE };
	if (!p->eight_bit && !text_is_ascii(level->type.boundary,
	    level->boundary_len))
		leave(p, boundary_remark, true);
	if ((level->encoding != ENCODING_7BIT || level->open_header ||
	    fields) && !is_signed && !w->is_top && !is_full(p)) {
		l->change = (long)p->plan->n;
		add_change(p)->amend = fields;
		l->header = w->header;
		w->header = (struct buffer){ 0 };
	}
}

/* What a label has to say of what is in the part now; NULL: as it is. */
static const char *
container_label(const struct planner *p, size_t i)
{
	const char	*say = p->eight_bit || p->level[i].unchanged ? "8bit" :
			    "7bit";

	switch (p->walk.level[i].encoding) {
	case ENCODING_7BIT:
		return NULL;
	case ENCODING_8BIT:
	case ENCODING_BINARY:
		return strcmp(say, "7bit") == 0 ? say : NULL;
	case ENCODING_QUOTED:
	case ENCODING_BASE64:
	case ENCODING_OTHER:
		break;
	}
	/* Without parts it may be right. */
	return p->walk.level[i].begun ? say : NULL;
}

static void
close_level(void *context)
{
	struct planner			*p = context;
	size_t				 i = p->walk.depth;
	struct level			*l = &p->level[i];
	struct mime_header_change	 a = {
		.encoding = container_label(p, i) };
	struct mime_change		*c;

	if (i == 0 && l->change == NO_CHANGE && a.encoding != NULL)
		p->plan->top.encoding = a.encoding;
	if (l->change != NO_CHANGE) {
		c = &p->plan->change[l->change];
		if (c->amend || a.encoding != NULL)
			amend_change(p, c, &l->header, &a);
		else
			c->header_at = c->body_at;
	}
	buffer_free(&l->header);
}

static void
planner_free(struct planner *p)
{
	for (size_t i = 0; i < p->walk.depth; i++)
		buffer_free(&p->level[i].header);
	buffer_free(&p->scratch);
	free(p);
}

bool
mime_plan(struct mime_plan *plan, const struct message *m, bool eight_bit,
    const struct field_form *form, struct failure *why)
{
	static const struct mime_visitor	visitor = {
		.open = open_level, .close = close_level,
		.begin = begin_text, .text = take_text, .end = end_text,
		.skip = skip_text,
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
	planner_free(p);
	return good;
}

void
mime_plan_free(struct mime_plan *plan)
{
	free(plan->change);
	*plan = (struct mime_plan){ 0 };
}

/*
 * The second pass: the body is read with the planned changes.
 */

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
			mime_header_parse(&h, text.data, text.len);
		mime_header_write(&r->ready, &h, &c->header, form);
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
