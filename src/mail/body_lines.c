#include "mail/body_lines.h"

#include <string.h>

#include "util/buffer.h"

enum { BLOCK = 64 * 1024 };

struct lines {
	void		(*line)(void *, const struct body_line *);
	void		*context;
	uint64_t	 at;
	bool		 raw;
	bool		 within;	/* a line whose beginning was given */
};

static void
give(struct lines *l, const char *text, size_t len, size_t end)
{
	struct body_line	line = { text, len, l->at, !l->within, end };

	l->line(l->context, &line);
	l->at += len + end;
	l->within = end == 0;
}

/* How many octets end the line that has its LF there; 0: that ends none. */
static size_t
line_end(const struct lines *l, const char *text, const char *lf)
{
	const char	*at = lf;

	while (at > text && at[-1] == '\r' && (l->raw || at == lf))
		at--;
	return at < lf || l->raw ? (size_t)(lf - at) + 1 : 0;
}

/* Gives the whole lines; returns how many octets they had. */
static size_t
give_lines(struct lines *l, const char *text, size_t len)
{
	const char	*start = text;
	const char	*end = text + len;
	const char	*lf;

	for (const char *from = text; (lf = memchr(from, '\n',
	    (size_t)(end - from))) != NULL; from = lf + 1) {
		size_t	ends = line_end(l, text, lf);

		if (ends == 0)
			continue;	/* in a queue that somebody edited */
		give(l, text, (size_t)(lf + 1 - text) - ends, ends);
		text = lf + 1;
	}
	return (size_t)(text - start);
}

/* How much of a line may be given before its end is there. */
static size_t
whole_characters(const char *text, size_t len)
{
	size_t	n = len - 1;		/* the last may be the CR */

	for (int i = 0; i < 3 && n > 0 && (text[n] & 0xc0) == 0x80; i++)
		n--;
	return n;
}

bool
body_each_line(const struct body *b, void (*line)(void *,
    const struct body_line *), void *context, struct failure *why)
{
	struct lines	 l = { .line = line, .context = context,
			    .raw = b->raw };
	const char	*memory = body_in_memory(b);
	struct buffer	 block = { 0 };
	uint64_t	 at = 0;
	ssize_t		 n = 0;

	if (memory != NULL) {
		size_t	used = give_lines(&l, memory, (size_t)b->size);

		if (used < b->size)
			give(&l, memory + used, (size_t)b->size - used, 0);
		return true;
	}
	buffer_room(&block, BLOCK);
	while ((n = body_read(b, at, block.data + block.len,
	    BLOCK - block.len, why)) > 0) {
		size_t	used;

		at += (uint64_t)n;
		block.len += (size_t)n;
		used = give_lines(&l, block.data, block.len);
		if (used == 0 && block.len == BLOCK) {
			used = whole_characters(block.data, block.len);
			give(&l, block.data, used, 0);
		}
		block.len -= used;
		memmove(block.data, block.data + used, block.len);
	}
	if (n == 0 && block.len > 0)
		give(&l, block.data, block.len, 0);
	buffer_free(&block);
	return n == 0;
}
