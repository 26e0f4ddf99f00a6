#include "check/held.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "util/memory.h"

struct item {
	struct check_finding	 finding;
	char			 side;	/* of a line of the dialogue, which is
					 * .finding.text; or 0 */
};

struct check_held {
	struct item		*item;
	size_t			 n, cap;
	void			**copy;		/* what they point to */
	size_t			 n_copies, copies_cap;
};

static void *
copy(struct check_held *h, const void *data, size_t size)
{
	void	*to;

	if (data == NULL)
		return NULL;
	to = memcpy(memory_new(size, 1), data, size);
	h->copy = memory_room(h->copy, h->n_copies, &h->copies_cap,
	    sizeof(*h->copy));
	h->copy[h->n_copies++] = to;
	return to;
}

static char *
copy_text(struct check_held *h, const char *text)
{
	return copy(h, text, text != NULL ? strlen(text) + 1 : 0);
}

void
held_begin(struct check *c)
{
	c->held = memory_new(1, sizeof(*c->held));
}

/* Returns its finding. */
static struct check_finding *
add_item(struct check_held *h, char side)
{
	h->item = memory_room(h->item, h->n, &h->cap, sizeof(*h->item));
	h->item[h->n] = (struct item){ .side = side };
	return &h->item[h->n++].finding;
}

bool
held_add(struct check *c, const struct check_finding *found)
{
	struct check_held	*h = c->held;
	struct check_finding	*f;
	struct check_fact	*facts;

	if (h == NULL || (h->n == 0 && found->verdict != CHECK_FAIL))
		return false;
	f = add_item(h, 0);
	*f = *found;
	f->object = copy_text(h, found->object);
	f->origin = copy_text(h, found->origin);
	f->remedy = copy_text(h, found->remedy);
	f->text = copy_text(h, found->text);
	if (found->n_facts == 0)
		return true;
	f->facts = facts = copy(h, found->facts, found->n_facts *
	    sizeof(*facts));
	for (size_t i = 0; i < found->n_facts; i++) {
		facts[i].name = copy_text(h, facts[i].name);
		facts[i].value = copy_text(h, facts[i].value);
		facts[i].origin = copy_text(h, facts[i].origin);
	}
	return true;
}

void
held_add_line(struct check *c, char side, const char *text)
{
	struct check_held	*h = c->held;

	if (c->trace == NULL)
		return;
	if (h == NULL || h->n == 0)
		c->trace->line(c->trace->context, side, text);
	else
		add_item(h, side)->text = copy_text(h, text);
}

void
held_end(struct check *c, const char *remark)
{
	struct check_held	*h = c->held;

	c->held = NULL;
	for (size_t i = 0; i < h->n; i++) {
		struct check_finding	*f = &h->item[i].finding;
		bool			 milder = f->verdict == CHECK_FAIL &&
					    remark != NULL;

		if (h->item[i].side != 0) {
			held_add_line(c, h->item[i].side, f->text);
			continue;
		}
		if (milder) {
			f->verdict = CHECK_WARNING;
			f->status = EX_OK;
		}
		check_report(c, f, "%s%s", f->text, milder ? remark : "");
	}
	for (size_t i = 0; i < h->n_copies; i++)
		free(h->copy[i]);
	free(h->copy);
	free(h->item);
	free(h);
}
