#include "mail/mime.h"

#include <stdlib.h>
#include <string.h>

#include "mail/body_lines.h"
#include "mail/encoded_word.h"
#include "mail/media_type.h"
#include "mail/refold.h"
#include "util/memory.h"

enum { NO_CHANGE = -1 };

static const char	sealed_remark[] =
    "a signed or encrypted part is left as it is";
static const char	strange_remark[] =
    "a part of a kind that can't be encoded is left as it is";
static const char	mislabelled_remark[] =
    "a part that contradicts its Content-Transfer-Encoding is left as it is";
static const char	outside_remark[] =
    "text outside the parts of a multipart is left as it is";
static const char	unsure_remark[] =
    "a part with an ambiguous boundary line is left as it is";
static const char	boundary_remark[] =
    "a boundary that is not ASCII is left as it is";
static const char	field_remark[] =
    "a header field of a part is left as it is";
static const char	many_remark[] =
    "there are too many parts to be encoded; all is left as it is";

/* A multipart that is open, or a message within a message. */
struct level {
	struct media_type	 type;
	size_t			 boundary_len;	/* 0: a message */
	bool			 digest;
	bool			 sealed;
	bool			 begun;		/* a part was seen */
	bool			 spoilt;	/* holds what was left alone */
	enum encoding		 encoding;	/* as its label says */
	bool			 open_header;	/* no empty line ended it */
	long			 change;	/* of its header, NO_CHANGE */
	struct buffer		 header;	/* if there is a change */
};

enum place { IN_HEADER, IN_TEXT, BETWEEN_PARTS };

struct walker {
	struct mime_plan	*plan;
	const struct message	*message;
	const struct field_form	*form;
	bool			 eight_bit;
	bool			 too_many;	/* changes */
	struct level		 level[MIME_DEPTH_MAX];
	size_t			 depth;
	enum place		 place;

	/* The present part. */
	uint64_t		 header_at;
	uint64_t		 body_at;
	struct buffer		 header;
	bool			 is_top;	/* its header is the message's */
	bool			 open_header;	/* no empty line ended it */
	bool			 strange;
	bool			 unsure;	/* a line may be its end */
	bool			 has_8bit;
	bool			 not_utf8;
	bool			 line_end;	/* one that is the boundary's
						 * if one follows */
	size_t			 column;
	size_t			 longest;
	struct recoder		 recoder;
	struct buffer		 scratch;
	uint64_t		 recoded;	/* octets it would have */
};

static bool
is_sealed(const struct walker *w)
{
	return w->depth > 0 && w->level[w->depth - 1].sealed;
}

static void
leave(struct walker *w, const char *remark, bool has_8bit)
{
	w->plan->remark = remark;
	w->plan->has_8bit |= has_8bit;
	for (size_t i = 0; i < w->depth; i++)
		w->level[i].spoilt = true;
}

static struct mime_change *
add_change(struct walker *w)
{
	struct mime_plan	*p = w->plan;

	p->change = memory_room(p->change, p->n, &p->cap, sizeof(*p->change));
	p->change[p->n] = (struct mime_change){ .header_at = w->header_at,
	    .body_at = w->body_at, .end = w->body_at };
	return &p->change[p->n++];
}

static bool
is_full(const struct walker *w)
{
	return w->plan->n >= MIME_CHANGES_MAX;
}

static void
change_size(struct walker *w, uint64_t from, uint64_t to)
{
	w->plan->size += to;
	w->plan->size -= from;
}

/* Writes a part's header as it will be; the empty line is part of it. */
static bool
amend(struct buffer *to, const struct buffer *text, const struct amendment *a,
    const struct field_form *form)
{
	struct header	h = { 0 };
	bool		good;

	if (text->len > 0)
		header_parse(&h, text->data, text->len);
	good = header_write_amended(to, &h, a, form).field == NULL;
	buffer_add_text(to, "\r\n");
	header_free(&h);
	return good;
}

/* Notes that the header of a change is written anew. */
static void
amend_change(struct walker *w, struct mime_change *c,
    const struct buffer *header, const struct amendment *a)
{
	buffer_clear(&w->scratch);
	if (!amend(&w->scratch, header, a, w->form))
		w->plan->remark = field_remark;
	c->amend = true;
	c->header = *a;
	change_size(w, c->body_at - c->header_at, w->scratch.len);
}

/*
 * The end of a part that is no container
 */

static bool
is_unfit(const struct walker *w)
{
	return (w->has_8bit && !w->eight_bit) || w->longest > REFOLD_LIMIT;
}

/* Why the text of a part can't be encoded; NULL if it can. */
static const char *
obstacle(const struct walker *w)
{
	if (is_sealed(w))
		return sealed_remark;
	if (w->place == BETWEEN_PARTS)
		return outside_remark;
	if (w->unsure)
		return unsure_remark;
	if (w->recoder.mislabelled)
		return mislabelled_remark;
	return w->strange ? strange_remark : NULL;
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
static struct amendment
label(const struct walker *w, const struct header *h, bool of_message,
    const char *encoding)
{
	struct amendment	a = { .encoding = encoding };

	if (encoding == NULL || !of_message)
		return a;
	a.version = true;
	if (is_missing(h, "MIME-Version") && is_missing(h, "Content-Type"))
		a.charset = !w->has_8bit ? "us-ascii" :
		    w->not_utf8 ? "unknown-8bit" : "utf-8";
	return a;
}

/* The message's own body: its header is not in it. */
static void
label_top(struct walker *w, bool recoded)
{
	const struct header	*h = &w->message->header;
	const char		*encoding = recoded ?
				    encoding_name(w->recoder.how) : NULL;

	if (!recoded && w->has_8bit && is_missing(h, "MIME-Version") &&
	    is_missing(h, "Content-Type") &&
	    is_missing(h, "Content-Transfer-Encoding"))
		encoding = "8bit";
	w->plan->top = label(w, h, true, encoding);
}

/* A part's header; it may be that of a message within the message. */
static void
label_part(struct walker *w, struct mime_change *c)
{
	struct level		*outer = w->depth > 0 ?
				    &w->level[w->depth - 1] : NULL;
	bool			 of_message = outer != NULL &&
				    outer->boundary_len == 0;
	struct header		 h = { 0 };
	struct amendment	 a;

	if (w->header.len > 0)
		header_parse(&h, w->header.data, w->header.len);
	a = label(w, &h, of_message, encoding_name(c->how));
	header_free(&h);
	amend_change(w, c, &w->header, &a);
	/* Else the new fields would be those of the part that holds it. */
	if (of_message && outer->open_header && outer->change != NO_CHANGE)
		w->plan->change[outer->change].amend = true;
}

/* Lines that are no field count: they are left out of a new header. */
static bool
header_is_unfit(const struct walker *w)
{
	struct field	all = { .text = w->header.data, .len = w->header.len };

	return w->header.len > 0 && !field_is_fit(&all, w->form);
}

static void
change_part(struct walker *w, uint64_t end, bool unfit)
{
	struct mime_change	*c;

	if (is_full(w)) {
		w->too_many = true;
		return;
	}
	c = add_change(w);
	if (unfit) {
		c->end = end;
		c->how = w->recoder.how;
		change_size(w, end - w->body_at, w->recoded);
	}
	if (w->place == IN_TEXT && !w->is_top)
		label_part(w, c);
}

static void
end_text(struct walker *w, uint64_t end)
{
	const char	*why_not;
	bool		 unfit = is_unfit(w);
	bool		 fields = !w->is_top && w->place == IN_TEXT &&
			    header_is_unfit(w);

	w->recoded += recoder_end(&w->recoder, NULL);
	why_not = obstacle(w);
	if (fields && is_sealed(w)) {
		leave(w, sealed_remark, w->has_8bit);
		fields = false;
	}
	if (unfit && why_not != NULL) {
		leave(w, why_not, w->has_8bit);
		unfit = false;
	}
	if (w->is_top && w->place == IN_TEXT)
		label_top(w, unfit);
	if (unfit || fields)
		change_part(w, end, unfit);
	if (!unfit)
		w->plan->has_8bit |= w->has_8bit;
}

/*
 * The beginning of a part
 */

static void
begin_text(struct walker *w, enum place place, uint64_t at,
    enum recoding how)
{
	w->place = place;
	w->body_at = at;
	w->strange = w->unsure = false;
	w->has_8bit = w->not_utf8 = w->line_end = false;
	w->column = w->longest = 0;
	w->recoded = 0;
	w->recoder = (struct recoder){ .how = how };
}

static void
begin_header(struct walker *w, uint64_t at)
{
	w->place = IN_HEADER;
	w->header_at = at;
	w->is_top = false;
	buffer_clear(&w->header);
	begin_text(w, IN_HEADER, at, RECODE_NOTHING);
}

/* A part that holds others; what its header says of them may change. */
static void
open_level(struct walker *w, const struct media_type *type,
    enum encoding encoding, uint64_t at)
{
	struct level	*l = &w->level[w->depth];
	bool		 sealed = is_sealed(w);
	bool		 fields = !w->is_top && !sealed && header_is_unfit(w);

	*l = (struct level){ .type = *type, .change = NO_CHANGE,
	    .encoding = encoding, .open_header = w->open_header,
	    .digest = media_type_is(type, "multipart/digest"),
	    .sealed = sealed || media_type_is(type, "multipart/signed") ||
	    media_type_is(type, "multipart/encrypted") };
	if (media_type_is(type, "multipart/"))
		l->boundary_len = strlen(type->boundary);
	w->depth++;
	if (!w->eight_bit && !text_is_ascii(type->boundary, l->boundary_len))
		leave(w, boundary_remark, true);
	w->body_at = at;
	if ((encoding != ENCODING_7BIT || l->open_header || fields) &&
	    !sealed && !w->is_top && !is_full(w)) {
		l->change = (long)w->plan->n;
		add_change(w);
		l->header = w->header;
		w->header = (struct buffer){ 0 };
		w->plan->change[l->change].amend = fields;
	}
}

static enum recoding
recoding_of(enum encoding e)
{
	switch (e) {
	case ENCODING_7BIT:
	case ENCODING_8BIT:
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
read_type(struct media_type *type, const struct walker *w,
    const struct header *h)
{
	if (!header_media_type(type, h) && w->depth > 0 &&
	    w->level[w->depth - 1].digest)
		strlcpy(type->type, "message/rfc822", sizeof(type->type));
}

/* The header is whole: what kind of part is it? */
static void
begin_body(struct walker *w, const struct header *h, uint64_t at)
{
	struct media_type	type;
	enum encoding		encoding = encoding_of(h);
	bool			plain = encoding == ENCODING_7BIT ||
				    encoding == ENCODING_8BIT;
	bool			room = w->depth < MIME_DEPTH_MAX;
	bool			multipart;

	read_type(&type, w, h);
	multipart = media_type_is(&type, "multipart/");
	/* Any other label on it means nothing (RFC 2045 section 6.4). */
	if (room && multipart && type.boundary[0] != '\0') {
		open_level(w, &type, encoding, at);
		begin_text(w, BETWEEN_PARTS, at, RECODE_NOTHING);
		return;
	}
	if (room && plain && (media_type_is(&type, "message/rfc822") ||
	    media_type_is(&type, "message/news"))) {
		open_level(w, &type, encoding, at);
		begin_header(w, at);
		return;
	}
	begin_text(w, IN_TEXT, at, recoding_of(encoding));
	w->strange = multipart || encoding == ENCODING_OTHER ||
	    (plain && media_type_is(&type, "message/") &&
	    !media_type_is(&type, "message/global"));
}

/* Its body begins there, behind an empty line or without one. */
static void
end_header(struct walker *w, uint64_t at, bool empty_line)
{
	struct header	h = { 0 };

	w->open_header = !empty_line;
	if (w->header.len > 0)
		header_parse(&h, w->header.data, w->header.len);
	begin_body(w, &h, at);
	header_free(&h);
}

/*
 * Lines
 */

static void	take_line(void *, const struct body_line *);

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
belongs_to_header(const struct walker *w, const struct body_line *l)
{
	if (!l->starts)
		return true;
	if (is_blank(l->text[0]))
		return w->header.len > 0;
	return field_name_length(l->text, l->len) > 0;
}

/* Some programs keep the "From " line of a mailbox in front of a message. */
static bool
is_mbox_line(const struct walker *w, const struct body_line *l)
{
	return w->header.len == 0 && l->starts && l->ends && l->len >= 5 &&
	    memcmp(l->text, "From ", 5) == 0;
}

static void
recode(struct walker *w, const char *text, size_t len)
{
	if (w->recoder.how != RECODE_NOTHING)
		w->recoded += recoder_feed(&w->recoder, NULL, text, len);
}

static void
take_text(struct walker *w, const struct body_line *l)
{
	if (l->starts && w->line_end)
		recode(w, "\r\n", 2);
	if (l->starts)
		w->column = 0;
	w->column += l->len;
	if (w->column > w->longest)
		w->longest = w->column;
	if (w->message->body.has_8bit && !text_is_ascii(l->text, l->len)) {
		w->has_8bit = true;
		w->not_utf8 = w->not_utf8 || !text_is_utf8(l->text, l->len);
	}
	recode(w, l->text, l->len);
	w->line_end = l->ends;
}

/* It is in front of the header, which can be written anew without it. */
static void
skip_mbox_line(struct walker *w, const struct body_line *l)
{
	bool	has_8bit = !text_is_ascii(l->text, l->len);

	if ((has_8bit && !w->eight_bit) || l->len > REFOLD_LIMIT)
		leave(w, field_remark, has_8bit);
	w->header_at = l->at + l->len + 2;
}

/* A header too large to be kept: what it is of is not understood. */
static void
give_up_header(struct walker *w, const struct body_line *l)
{
	if (header_is_unfit(w))
		leave(w, field_remark, !text_is_ascii(w->header.data,
		    w->header.len));
	buffer_clear(&w->header);
	w->header_at = l->at;
	begin_text(w, IN_TEXT, l->at, RECODE_NOTHING);
	w->strange = true;
	take_text(w, l);
}

static void
take_header(struct walker *w, const struct body_line *l)
{
	if (l->starts && l->ends && l->len == 0) {
		buffer_add_text(&w->header, "\r\n");
		end_header(w, l->at + 2, true);
		return;
	}
	if (is_mbox_line(w, l)) {
		skip_mbox_line(w, l);
		return;
	}
	if (!belongs_to_header(w, l)) {
		bool	indented = is_blank(l->text[0]);

		end_header(w, l->at, false);
		/* Text to some readers; others drop it and go on with the header. */
		w->strange |= indented;
		take_line(w, l);
		return;
	}
	if (w->header.len + l->len + 2 > MIME_HEADER_MAX) {
		give_up_header(w, l);
		return;
	}
	buffer_add(&w->header, l->text, l->len);
	if (l->ends)
		buffer_add_text(&w->header, "\r\n");
}

/*
 * Boundaries (RFC 2046 section 5.1.1)
 */

/* What a label has to say of what is in the part now; NULL: as it is. */
static const char *
container_label(const struct walker *w, const struct level *l)
{
	const char	*say = w->eight_bit || l->spoilt ? "8bit" : "7bit";

	switch (l->encoding) {
	case ENCODING_7BIT:
		return NULL;
	case ENCODING_8BIT:
		return strcmp(say, "7bit") == 0 ? say : NULL;
	case ENCODING_QUOTED:
	case ENCODING_BASE64:
	case ENCODING_OTHER:
		break;
	}
	return l->begun ? say : NULL;	/* without parts it may be right */
}

static void
close_level(struct walker *w)
{
	struct level		*l = &w->level[--w->depth];
	struct amendment	 a = { .encoding = container_label(w, l) };
	struct mime_change	*c;

	if (w->depth == 0 && l->change == NO_CHANGE && a.encoding != NULL)
		w->plan->top.encoding = a.encoding;
	if (l->change != NO_CHANGE) {
		c = &w->plan->change[l->change];
		if (c->amend || a.encoding != NULL)
			amend_change(w, c, &l->header, &a);
		else
			c->header_at = c->body_at;
	}
	buffer_free(&l->header);
}

/* The line end in front of a boundary belongs to it. */
static void
close_part(struct walker *w, uint64_t at)
{
	if (w->place == IN_HEADER)
		end_header(w, at, false);
	if (w->place == IN_HEADER)	/* of a message within that part */
		begin_text(w, IN_TEXT, at, RECODE_NOTHING);
	end_text(w, w->line_end ? at - 2 : at);
}

/* Whether the line begins with the boundary; *tail is what follows it. */
static bool
begins_so(const struct level *l, const struct body_line *line, size_t *tail)
{
	*tail = 2 + l->boundary_len;
	return l->boundary_len > 0 && line->len >= *tail &&
	    memcmp(line->text + 2, l->type.boundary, l->boundary_len) == 0;
}

static bool
is_boundary(const struct level *l, const struct body_line *line, bool *last)
{
	size_t	i;

	if (!begins_so(l, line, &i))
		return false;
	*last = line->len >= i + 2 && memcmp(line->text + i, "--", 2) == 0;
	if (*last)
		i += 2;
	while (i < line->len && (line->text[i] == ' ' ||
	    line->text[i] == '\t'))
		i++;
	return i == line->len;
}

static bool
may_be_boundary(const struct body_line *l)
{
	return l->starts && l->len >= 3 && memcmp(l->text, "--", 2) == 0;
}

static bool
take_boundary(struct walker *w, const struct body_line *l)
{
	bool	last;
	size_t	i = w->depth;

	if (!l->ends || !may_be_boundary(l))
		return false;
	while (i > 0 && !is_boundary(&w->level[i - 1], l, &last))
		i--;
	if (i == 0)
		return false;
	close_part(w, l->at);
	while (w->depth > i)
		close_level(w);
	if (last) {
		close_level(w);
		w->is_top = false;
		begin_text(w, BETWEEN_PARTS, l->at + l->len + 2,
		    RECODE_NOTHING);
	} else {
		w->level[i - 1].begun = true;
		begin_header(w, l->at + l->len + 2);
	}
	return true;
}

/*
 * RFC 2046 ignores text after a boundary, but many readers do not take such a
 * line for a boundary.  Only a part that stays as it is looks right to both.
 */
static bool
is_unsure(const struct walker *w, const struct body_line *l)
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
	struct walker	*w = context;

	if (take_boundary(w, l))
		return;
	if (w->place == IN_HEADER) {
		take_header(w, l);
		return;
	}
	w->unsure |= is_unsure(w, l);
	take_text(w, l);
}

static void
walker_free(struct walker *w)
{
	while (w->depth > 0)
		buffer_free(&w->level[--w->depth].header);
	buffer_free(&w->header);
	buffer_free(&w->scratch);
	free(w);
}

bool
mime_plan(struct mime_plan *plan, const struct message *m, bool eight_bit,
    const struct field_form *form, struct failure *why)
{
	struct walker	*w = memory_new(1, sizeof(*w));
	bool		 good;

	*plan = (struct mime_plan){ .size = m->body.size };
	w->plan = plan;
	w->message = m;
	w->form = form;
	w->eight_bit = eight_bit;
	w->is_top = true;
	begin_body(w, &m->header, 0);
	good = body_each_line(&m->body, take_line, w, why);
	if (good) {
		close_part(w, m->body.size);
		while (w->depth > 0)
			close_level(w);
	}
	if (w->too_many) {
		plan->remark = many_remark;
		plan->n = 0;
		plan->size = m->body.size;
		plan->top = (struct amendment){ 0 };
		plan->has_8bit = m->body.has_8bit;
	}
	walker_free(w);
	return good;
}

void
mime_plan_free(struct mime_plan *plan)
{
	free(plan->change);
	*plan = (struct mime_plan){ 0 };
}
