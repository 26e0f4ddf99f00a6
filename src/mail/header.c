#include "mail/header.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/memory.h"
#include "util/text.h"

size_t
field_name_length(const char *line, size_t len)
{
	size_t	name = 0;
	size_t	colon;

	while (name < len && line[name] > ' ' && line[name] < 127 &&
	    line[name] != ':')
		name++;
	colon = name;
	while (colon < len && text_is_blank(line[colon]))
		colon++;
	return colon < len && line[colon] == ':' ? name : 0;
}

bool
field_is(const struct field *f, const char *name)
{
	return strlen(name) == f->name_len &&
	    strncasecmp(f->text, name, f->name_len) == 0;
}

const char *
field_value(const struct field *f, size_t *len)
{
	const char	*colon = memchr(f->text + f->name_len, ':',
			    f->len - f->name_len);

	*len = f->len - (size_t)(colon + 1 - f->text);
	return colon + 1;
}

static struct field
field_of(char *text, size_t len)
{
	return (struct field){ .text = text, .len = len,
	    .name_len = field_name_length(text, len) };
}

void
header_append(struct header *h, char *text, size_t len)
{
	h->field = memory_room(h->field, h->n, &h->cap, sizeof(*h->field));
	h->field[h->n++] = field_of(text, len);
}

void
header_addf(struct header *h, const char *name, const char *fmt, ...)
{
	struct buffer	text = { 0 };
	size_t		len;
	va_list		ap;

	buffer_addf(&text, "%s: ", name);
	va_start(ap, fmt);
	buffer_vaddf(&text, fmt, ap);
	va_end(ap);
	buffer_add_text(&text, "\r\n");
	len = text.len;
	header_append(h, buffer_take(&text), len);
}

void
header_to_front(struct header *h)
{
	struct field	last = h->field[h->n - 1];

	memmove(h->field + 1, h->field, (h->n - 1) * sizeof(*h->field));
	h->field[0] = last;
}

struct field *
header_find(const struct header *h, const char *name, size_t from)
{
	for (size_t i = from; i < h->n; i++)
		if (field_is(&h->field[i], name))
			return &h->field[i];
	return NULL;
}

void
field_replace(struct field *f, char *text, size_t len)
{
	free(f->text);
	*f = field_of(text, len);
}

void
header_remove_if(struct header *h, bool (*drop)(const struct field *,
    const void *), const void *context)
{
	size_t	kept = 0;

	for (size_t i = 0; i < h->n; i++) {
		if (drop(&h->field[i], context))
			free(h->field[i].text);
		else
			h->field[kept++] = h->field[i];
	}
	h->n = kept;
}

bool
header_is_signed(const struct header *h)
{
	return header_find(h, "DKIM-Signature", 0) != NULL;
}

void
header_write(struct buffer *to, const struct header *h)
{
	for (size_t i = 0; i < h->n; i++)
		buffer_add(to, h->field[i].text, h->field[i].len);
	buffer_add_text(to, "\r\n");
}

bool
header_read(struct header *h, const char *text, size_t len, size_t max)
{
	size_t	at = 0;

	for (size_t n = 0; len - at > 2; n++) {
		const char	*field = text + at;
		size_t		 field_len;

		do {
			const char	*lf = memchr(text + at, '\n', len - at);

			at = lf != NULL ? (size_t)(lf - text) + 1 : len;
		} while (at < len && text_is_blank(text[at]));
		field_len = (size_t)(text + at - field);
		if (n >= max || field_len <= 2 ||
		    memcmp(text + at - 2, "\r\n", 2) != 0 ||
		    memchr(field, '\0', field_len) != NULL ||
		    field_name_length(field, field_len) == 0)
			return false;
		if (h != NULL)
			header_append(h, memory_copy_n(field, field_len),
			    field_len);
	}
	return len - at == 2 && memcmp(text + at, "\r\n", 2) == 0;
}

void
header_free(struct header *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->field[i].text);
	free(h->field);
	*h = (struct header){ 0 };
}
