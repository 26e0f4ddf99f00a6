#include "mime/wire.h"

#include <stdio.h>
#include <string.h>

#include "mime/declared_charset.h"
#include "mime/refold.h"
#include "util/text.h"

/*
 * Whether the body needs changes, or needs MIME fields because it contains
 * 8-bit text (RFC 6152 section 3).
 */
static bool
needs_plan(const struct message *m, bool eight_bit)
{
	const struct body	*b = &m->body;
	const struct header	*h = &m->header;

	return b->longest_line > REFOLD_LIMIT ||
	    (b->has_8bit && (!eight_bit ||
	    (header_find(h, "MIME-Version", 0) == NULL &&
	    header_find(h, "Content-Type", 0) == NULL &&
	    header_find(h, "Content-Transfer-Encoding", 0) == NULL)));
}

/* Adds a header field that stays unchanged to the remarks. */
static void
remark_field(struct wire *w, const struct mime_unfit_field *unfit)
{
	const struct field	*f = unfit->field;

	snprintf(w->remarks, sizeof(w->remarks), "%s%sthe header field %.*s "
	    "%s", w->remark != NULL ? w->remark : "",
	    w->remark != NULL ? "; " : "",
	    f->name_len < 60 ? (int)f->name_len : 60, f->text,
	    unfit->result == FIELD_TOO_LONG ?
	    "cannot be folded and has a line over 998 octets" :
	    "cannot be encoded and is not ASCII");
	w->remark = w->remarks;
}

bool
wire_prepare(struct wire *w, const struct message *m,
    const struct wire_abilities *abilities, struct failure *why)
{
	const struct header	*h = &m->header;
	struct mime_unfit_field	 unfit;
	bool			 fit = true, plan = false;

	*w = (struct wire){ .body = &m->body,
	    .size = m->body.size,
	    .has_8bit = m->body.has_8bit,
	    .has_dots = m->body.has_dots,
	    .form = { .utf8 = abilities->utf8 } };
	if (!abilities->any) {
		fit = mime_header_is_fit(h, &w->form);
		plan = needs_plan(m, abilities->eight_bit);
	}
	if (abilities->any) {
		header_write(&w->head, h);
	} else if ((!fit || plan) && header_is_signed(h)) {
		header_write(&w->head, h);
		w->remark = "the message has a DKIM signature and is sent "
		    "unchanged";
	} else {
		if ((!fit || plan) && declared_charset(w->charset, m))
			w->form.charset = w->charset;
		if (plan) {
			if (!mime_plan(&w->plan, m, abilities->eight_bit,
			    &w->form, why))
				return false;
			w->changed = w->plan.n > 0;
			w->has_dots |= w->changed;
			w->has_8bit = w->plan.remark != NULL ?
			    m->body.has_8bit : w->plan.has_8bit;
			w->remark = w->plan.remark;
			w->size = w->plan.size;
		}
		unfit = mime_header_write(&w->head, h, &w->plan.top, &w->form);
		if (unfit.field != NULL)
			remark_field(w, &unfit);
		buffer_add_text(&w->head, "\r\n");
	}
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
	struct mime_source	from = { &w->plan, w->body, &w->form };
	ssize_t			n;

	if (w->changed)
		return mime_read(&w->reader, &from, to, room, why);
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
