#include "util/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

enum { LIKELY = 80 };	/* octets that buffer_addf() usually adds */

char *
buffer_room(struct buffer *b, size_t n)
{
	size_t	need = b->len + n + 1;
	size_t	cap = b->cap > 0 ? b->cap : 256;
	char	*old;

	if (need > b->cap) {
		while (cap < need)
			cap *= 2;
		/* realloc(3) would leave a copy of secrets in free memory. */
		old = b->data;
		b->data = memory_resize(NULL, cap, 1);
		b->cap = cap;
		if (old != NULL) {
			memcpy(b->data, old, b->len);
			freezero(old, b->len);
		}
	}
	b->data[b->len] = '\0';
	return b->data + b->len;
}

void
buffer_add(struct buffer *b, const void *data, size_t len)
{
	char	*to = buffer_room(b, len);

	if (len > 0)
		memcpy(to, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void
buffer_add_text(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}

void
buffer_add_byte(struct buffer *b, char byte)
{
	buffer_add(b, &byte, 1);
}

void
buffer_addf(struct buffer *b, const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	buffer_vaddf(b, fmt, ap);
	va_end(ap);
}

void
buffer_vaddf(struct buffer *b, const char *fmt, va_list ap)
{
	va_list	again;
	char	*to = buffer_room(b, LIKELY);
	size_t	 room = b->cap - b->len;
	int	 n;

	va_copy(again, ap);
	n = vsnprintf(to, room, fmt, ap);
	if (n > 0 && (size_t)n >= room)
		vsnprintf(buffer_room(b, (size_t)n), (size_t)n + 1, fmt,
		    again);
	if (n > 0)
		b->len += (size_t)n;
	va_end(again);
}

void
buffer_clear(struct buffer *b)
{
	b->len = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){ 0 };
}

void
buffer_wipe(struct buffer *b)
{
	freezero(b->data, b->cap);
	*b = (struct buffer){ 0 };
}

char *
buffer_take(struct buffer *b)
{
	char	*data;

	buffer_room(b, 0);
	data = b->data;
	*b = (struct buffer){ 0 };
	return data;
}
