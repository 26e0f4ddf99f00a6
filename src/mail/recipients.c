#include "mail/recipients.h"

#include <stdlib.h>
#include <sysexits.h>

#include "util/buffer.h"
#include "util/memory.h"
#include "util/visible.h"

static const char *const plain[] = { "To", "Cc", "Bcc", "Apparently-To", NULL };
static const char *const resent[] = { "Resent-To", "Resent-Cc", "Resent-Bcc",
	NULL };

static bool
is_one_of(const struct field *f, const char *const *names)
{
	for (; *names != NULL; names++)
		if (field_is(f, *names))
			return true;
	return false;
}

/* A path must not contain angle brackets, so that it is safe in a command. */
static char *
substitute_path(const char *text, const struct address_fault *f)
{
	char		shown[80];
	char		no_domain[] = "";
	struct address	a = { .local = shown, .domain = no_domain };
	struct buffer	path = { 0 };

	visible(shown, sizeof(shown), text + f->start, f->end - f->start);
	for (char *c = shown; *c != '\0'; c++)
		if (*c == '<' || *c == '>')
			*c = *c == '<' ? '(' : ')';
	address_write(&path, &a);
	return buffer_take(&path);
}

static void
add_bad(struct recipients *r, const struct field *field, const char *value,
    const struct address_fault *f)
{
	struct failure	why;

	address_fault_explain(f, value, EX_DATAERR, &why);
	failure_prefix(&why, "field %.*s: ", (int)field->name_len,
	    field->text);
	r->bad = memory_room(r->bad, r->n_bad, &r->cap, sizeof(*r->bad));
	r->bad[r->n_bad++] = (struct bad_recipient){ substitute_path(value, f),
	    memory_copy(why.text) };
}

static bool
take_field(struct recipients *r, struct field *f,
    const struct local_host *names, struct failure *why)
{
	struct address_faults	 faults = { 0 };
	size_t			 len, before = r->good.n;
	const char		*value = field_value(f, &len);
	bool			 good;

	good = address_list_parse_lenient(&r->good, &faults, value, len, why);
	if (!good)
		failure_prefix(why, "field %.*s: ", (int)f->name_len,
		    f->text);
	for (size_t i = 0; good && i < faults.n; i++)
		add_bad(r, f, value, &faults.fault[i]);
	f->is_final = good && names != NULL && faults.n == 0 &&
	    !faults.repairable;
	for (size_t i = before; f->is_final && i < r->good.n; i++)
		f->is_final = !address_is_local(&r->good.address[i], names);
	address_faults_free(&faults);
	return good;
}

bool
recipients_from_header(struct recipients *r, struct header *h,
    const struct local_host *names, struct failure *why)
{
	const char *const	*fields = plain;

	for (size_t i = 0; i < h->n; i++)
		if (is_one_of(&h->field[i], resent))
			fields = resent;
	for (size_t i = 0; i < h->n; i++)
		if (is_one_of(&h->field[i], fields) &&
		    !take_field(r, &h->field[i], names, why))
			return false;
	return true;
}

void
recipients_free(struct recipients *r)
{
	address_list_free(&r->good);
	for (size_t i = 0; i < r->n_bad; i++) {
		free(r->bad[i].path);
		free(r->bad[i].reason);
	}
	free(r->bad);
	*r = (struct recipients){ .bad = NULL };
}
