#include "mime/wire.h"

#include <stdio.h>
#include <string.h>

#include "mime/declared_charset.h"
#include "mime/refold.h"
#include "util/text.h"

static bool
says_nothing_of_mime(const struct header *h)
{
	return header_find(h, "MIME-Version", 0) == NULL &&
	    header_find(h, "Content-Type", 0) == NULL &&
	    header_find(h, "Content-Transfer-Encoding", 0) == NULL;
}

/* The body can't go as it is, or has to be labelled (RFC 6152 section 3). */
static bool
needs_plan(const struct message *m, bool eight_bit)
{
	const struct body	*b = &m->body;

	return b->longest_line > REFOLD_LIMIT ||
	    (b->has_8bit && (!eight_bit || says_nothing_of_mime(&m->header)));
}

static bool
plan_body(struct wire *w, const struct message *m,
    const struct wire_abilities *abilities, struct failure *why)
{
	if (!mime_plan(&w->plan, m, abilities->eight_bit, &w->form, why))
		return false;
	w->changed = w->plan.n > 0;
	w->has_dots |= w->changed;
	w->has_8bit = w->plan.remark != NULL ? m->body.has_8bit :
	    w->plan.has_8bit;
	w->remark = w->plan.remark;
	w->size = w->plan.size;
	return true;
}

/* Adds what a field is left with to what is told already. */
static void
remark_field(struct wire *w, const struct mime_unfit_field *m)
{
	const struct field	*f = m->field;

	snprintf(w->remarks, sizeof(w->remarks), "%s%sthe header field %.*s "
	    "%s", w->remark != NULL ? w->remark : "",
	    w->remark != NULL ? "; " : "",
	    f->name_len < 60 ? (int)f->name_len : 60, f->text,
	    m->result == FIELD_TOO_LONG ?
	    "cannot be folded and has a line over 998 octets" :
	    "cannot be encoded and is not ASCII");
	w->remark = w->remarks;
}

static void
write_head(struct wire *w, const struct header *h, bool is_signed)
{
	struct mime_unfit_field	unfit;

	if (is_signed) {
		header_write(&w->head, h);
		w->remark = "the message has a DKIM signature and is sent "
		    "unchanged";
		return;
	}
	unfit = mime_header_write(&w->head, h, &w->plan.top, &w->form);
	if (unfit.field != NULL)
		remark_field(w, &unfit);
	buffer_add_text(&w->head, "\r\n");
}

bool
wire_prepare(struct wire *w, const struct message *m,
    const struct wire_abilities *abilities, struct failure *why)
{
	bool	fit, plan;
	bool	is_signed = false;

	*w = (struct wire){ .body = &m->body,
	    .size = m->body.size,
	    .has_8bit = m->body.has_8bit,
	    .has_dots = m->body.has_dots,
	    .form = { .utf8 = abilities->utf8 } };
	fit = mime_header_is_fit(&m->header, &w->form);
	plan = needs_plan(m, abilities->eight_bit);
	if (!fit || plan)
		is_signed = header_is_signed(&m->header);
	if ((!fit || plan) && declared_charset(w->charset, m))
		w->form.charset = w->charset;
	if (plan && !is_signed && !plan_body(w, m, abilities, why))
		return false;
	write_head(w, &m->header, is_signed);
	w->has_8bit |= !text_is_ascii(w->head.data, w->head.len);
	w->size += w->head.len;
	return true;
}

void
wire_rewind(struct wire *w)
{
	w->at = 0;
	mime_reader_free(&w->reader);
}

const struct body *
wire_unchanged(const struct wire *w)
{
	return w->changed ? NULL : w->body;
}

ssize_t
wire_read(struct wire *w, char *to, size_t room, struct failure *why)
{
	ssize_t	n;

	if (w->changed)
		return mime_read(&w->reader, &w->plan, w->body, &w->form, to,
		    room, why);
	n = body_read(w->body, w->at, to, room, why);
	if (n > 0)
		w->at += (uint64_t)n;
	return n;
}

void
wire_free(struct wire *w)
{
	buffer_free(&w->head);
	mime_plan_free(&w->plan);
	mime_reader_free(&w->reader);
}
