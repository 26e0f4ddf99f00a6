#include "smtp/session_log.h"

#include <stdlib.h>
#include <string.h>

#include "util/memory.h"

enum {
	REMARK_MAX = 64,
	HALF = (SESSION_LOG_MAX - REMARK_MAX) / 2,
};

/* The first HALF octets remain; those after them are a ring. */
static void
add_octets(struct session_log *l, const char *text, size_t len)
{
	while (len > 0) {
		size_t	at = l->total < HALF ? l->total :
			    HALF + l->total % HALF;
		size_t	n = (at < HALF ? HALF : 2 * HALF) - at;

		if (n > len)
			n = len;
		memcpy(l->text + at, text, n);
		l->total += n;
		text += n;
		len -= n;
	}
}

static void
add_line(void *context, char side, const char *text)
{
	struct session_log	*l = context;

	if (l->next != NULL)
		l->next->line(l->next->context, side, text);
	if (l->text == NULL)
		l->text = memory_new(2 * HALF, 1);
	add_octets(l, side == 'C' ? ">>> " : side == 'S' ? "<<< " : "*** ", 4);
	add_octets(l, text, strlen(text));
	add_octets(l, "\n", 1);
}

void
session_log_begin(struct session_log *l, const struct session_trace *next)
{
	*l = (struct session_log){ .trace = { add_line, l }, .next = next };
}

void
session_log_clear(struct session_log *l)
{
	l->total = 0;
}

void
session_log_write(struct buffer *to, const struct session_log *l)
{
	const size_t	 after = l->total % HALF;	/* the oldest octet */
	size_t		 head = l->total, start;
	const char	*ring, *line_end;

	if (l->total <= 2 * HALF) {
		if (head > 0)
			buffer_add(to, l->text, head);
		return;
	}
	/* Only whole lines. */
	for (head = HALF; head > 0 && l->text[head - 1] != '\n';)
		head--;
	buffer_add(to, l->text, head);
	buffer_add_text(to, "*** lines omitted from this transcript\n");
	ring = l->text + HALF;
	start = to->len;
	buffer_add(to, ring + after, HALF - after);
	buffer_add(to, ring, after);
	line_end = memchr(to->data + start, '\n', to->len - start);
	if (line_end != NULL) {
		size_t	whole = (size_t)(line_end + 1 - to->data);

		memmove(to->data + start, to->data + whole, to->len - whole);
		to->len -= whole - start;
		to->data[to->len] = '\0';
	}
}

void
session_log_end(struct session_log *l)
{
	free(l->text);
	l->text = NULL;
}
