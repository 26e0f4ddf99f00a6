#include "mail/recipients.h"

#include <stddef.h>

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

static bool
has_any(const struct header *h, const char *const *names)
{
	for (size_t i = 0; i < h->n; i++)
		if (is_one_of(&h->field[i], names))
			return true;
	return false;
}

bool
recipients_from_header(struct address_list *list, const struct header *h,
    struct failure *why)
{
	const char *const	*names = has_any(h, resent) ? resent : plain;

	for (size_t i = 0; i < h->n; i++) {
		const struct field	*f = &h->field[i];
		const char		*value;
		size_t			 len;

		if (!is_one_of(f, names))
			continue;
		value = field_value(f, &len);
		if (!address_list_parse(list, value, len, ADDRESS_HEADER, why))
			return failure_prefix(why, "field %.*s: ",
			    (int)f->name_len, f->text);
	}
	return true;
}
