#include "mail/rewrite.h"

#include <stddef.h>

bool
field_addresses(const struct field *f, struct address_list *list)
{
	struct failure	ignored;
	size_t		len;
	const char	*value = field_value(f, &len);

	return address_list_parse(list, value, len, ADDRESS_HEADER, &ignored);
}

/* Writes the field with the replacements; writes nothing if none is needed. */
static void
write_replaced(struct buffer *out, const struct field *f,
    const struct address_list *list, rewrite_fn *rewrite, void *context)
{
	struct buffer	 spec = { 0 };
	size_t		 len;
	const char	*value = field_value(f, &len);
	const char	*done = f->text;

	for (size_t i = 0; i < list->n; i++) {
		const struct address	*a = &list->address[i];

		buffer_clear(&spec);
		if (!rewrite(context, a, &spec))
			continue;
		buffer_add(out, done, (size_t)(value + a->start - done));
		buffer_add(out, spec.data, spec.len);
		done = value + a->end;
	}
	if (done > f->text)
		buffer_add(out, done, (size_t)(f->text + f->len - done));
	buffer_free(&spec);
}

void
field_rewrite(struct field *f, rewrite_fn *rewrite, void *context)
{
	struct address_list	list = { 0 };
	struct buffer		out = { 0 };
	size_t			len;
	size_t			value = (size_t)(field_value(f, &len) -
				    f->text);

	address_list_repair(&list, f->text + value, len);
	write_replaced(&out, f, &list, rewrite, context);
	len = out.len;
	if (len > 0)
		field_replace(f, buffer_take(&out), len);
	address_list_free(&list);
}
